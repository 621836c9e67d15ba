/** `mnist-infer setup cuda`: ONNX Runtime's CUDA provider from PyPI's wheels, beside a copy of onnxruntime-node's binary, in the cache. */
import { copyFile, cp, mkdir, readdir, rename, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { UserError } from 'mnist-export/errors'
import { cudaFolder, PROVIDER_FILES, packageBinaries, runtimeVersion } from '../runtime/cuda-library.js'
import { CUDA_13_WHEELS, PROVIDER_WHEEL } from './cuda-wheels.js'
import { findPython, pythonWithPip } from './python.js'
import { damage, readSeal, sealFolder, stageFolder } from './staging.js'
import { areForThisMachine, unpackWheels } from './wheels.js'

export interface SetupCudaOptions {
  /** A folder with the wheels; absent: PyPI. */
  readonly from?: string | undefined
  /** Path of the Python whose pip fetches; absent: the first found. */
  readonly python?: string | undefined
  /** CUDA 13 and cuDNN 9 are the system's. */
  readonly systemLibraries?: boolean
  readonly signal?: AbortSignal | undefined
  readonly onStep: (step: string) => void
}

/** Returns the folder, and whether it was there already. */
export async function setupCuda(options: SetupCudaOptions): Promise<{ folder: string; wasThere: boolean }> {
  const { from, signal, onStep, systemLibraries = false } = options
  checkPlatform()
  const folder = cudaFolder()
  const seal = await readSeal(folder)
  if (seal !== undefined && (await damage(folder, seal)) === undefined) return { folder, wasThere: true }
  await stageFolder(folder, async (building) => {
    const python = await pythonWithPip(await findPython(options.python, signal), join(building, 'venv'), { signal })
    const wheels = systemLibraries ? [PROVIDER_WHEEL] : [PROVIDER_WHEEL, ...CUDA_13_WHEELS]
    onStep(
      `fetching ${PROVIDER_WHEEL.name} ${PROVIDER_WHEEL.version}${systemLibraries ? '' : ' and the CUDA 13 libraries'}`,
    )
    const unpacked = join(building, 'wheels')
    await unpackWheels(wheels, { python, from, into: unpacked, signal })
    onStep('putting it beside ONNX Runtime')
    await assemble(building, unpacked)
    for (const name of await readdir(building)) {
      if (name !== 'bin' && name !== 'nvidia') await rm(join(building, name), { recursive: true })
    }
    await sealFolder(building, { version: PROVIDER_WHEEL.version, cuda: systemLibraries ? 'the system’s' : '13.5' })
  })
  return { folder, wasThere: false }
}

/** @returns whether there was something to remove */
export async function removeCuda(): Promise<boolean> {
  const folder = cudaFolder()
  const isThere = await stat(folder).then(
    () => true,
    () => false,
  )
  await rm(folder, { recursive: true, force: true })
  return isThere
}

async function assemble(building: string, unpacked: string): Promise<void> {
  const bin = join(building, 'bin')
  await cp(packageBinaries(), bin, { recursive: true })
  for (const file of PROVIDER_FILES) await copyFile(join(unpacked, 'onnxruntime', 'capi', file), join(bin, file))
  const nvidia = join(unpacked, 'nvidia')
  // With the system's libraries there are none.
  await mkdir(nvidia, { recursive: true })
  await rename(nvidia, join(building, 'nvidia'))
}

function checkPlatform(): void {
  const version = runtimeVersion()
  if (version !== PROVIDER_WHEEL.version) {
    throw new UserError(
      'UNSUPPORTED',
      `onnxruntime-node: expected ${PROVIDER_WHEEL.version}, whose CUDA library is known, found ${version}. Run: npm ci`,
    )
  }
  if (areForThisMachine([PROVIDER_WHEEL])) return
  const { platform, arch } = process
  const remedy =
    platform === 'win32' ? 'DirectML and WebGPU are what there is; or run it in WSL 2' : 'use --provider cpu'
  throw new UserError('UNSUPPORTED', `CUDA: expected Linux on x64, found ${platform} on ${arch}. ${remedy}`)
}
