/** `mnist-train setup webgpu`: Dawn and tfjs's WebGPU backend from npm, in the user's cache. */
import { copyFile, cp, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { UserError } from 'mnist-export'
import { damage, readSeal, sealFolder, stageFolder } from 'mnist-infer/setup'
import { unpackNpmPackage } from './npm-package.js'
import { DAWN, dawnPlatform, WEBGPU_BACKEND, WEBGPU_BACKEND_FILE, webgpuFolder } from './webgpu-folder.js'

export interface SetupWebgpuOptions {
  /** A folder with the npm packages; absent: npm. */
  readonly from?: string | undefined
  readonly signal?: AbortSignal | undefined
  readonly onStep: (step: string) => void
}

/** @throws UserError UNSUPPORTED where Dawn has no binary for this machine */
export async function setupWebgpu({
  from,
  signal,
  onStep,
}: SetupWebgpuOptions): Promise<{ folder: string; wasThere: boolean }> {
  const folder = webgpuFolder()
  const seal = await readSeal(folder)
  if (seal !== undefined && (await damage(folder, seal)) === undefined) return { folder, wasThere: true }
  await stageFolder(folder, async (building) => {
    const [dawn, backend] = [join(building, 'dawn'), join(building, 'backend')]
    onStep(`fetching ${DAWN.name} ${DAWN.version}, 51 MB, and ${WEBGPU_BACKEND.name} ${WEBGPU_BACKEND.version}`)
    await unpackNpmPackage(DAWN, { from, into: dawn, signal })
    await unpackNpmPackage(WEBGPU_BACKEND, { from, into: backend, signal })
    const binaries = join('dist', dawnPlatform())
    if (!(await isThere(join(dawn, binaries)))) {
      throw new UserError(
        'UNSUPPORTED',
        `${DAWN.name}: expected a binary for ${dawnPlatform()}, found none. Use --engine onnx`,
      )
    }
    await cp(join(dawn, binaries), join(building, binaries), { recursive: true })
    await copyFile(join(backend, 'dist', WEBGPU_BACKEND_FILE), join(building, WEBGPU_BACKEND_FILE))
    for (const done of [dawn, backend]) await rm(done, { recursive: true })
    await sealFolder(building, { webgpu: DAWN.version, backend: WEBGPU_BACKEND.version })
  })
  return { folder, wasThere: false }
}

/** @returns whether there was something to remove */
export async function removeWebgpu(): Promise<boolean> {
  const folder = webgpuFolder()
  const wasThere = await isThere(folder)
  await rm(folder, { recursive: true, force: true })
  return wasThere
}

function isThere(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  )
}
