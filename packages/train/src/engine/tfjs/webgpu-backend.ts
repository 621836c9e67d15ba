/** tfjs's WebGPU backend in Node, over Dawn (the npm package `webgpu`): Vulkan, Metal or Direct3D 12. */
import { existsSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { dawnFile, findWebgpuFolder, WEBGPU_BACKEND_FILE } from '../../setup/webgpu-folder.js'
import type { Tfjs } from '../../tfjs/tfjs.js'
import { UnavailableEngine } from '../unavailable.js'
import { foreignLoader } from './foreign-modules.js'

/** What we use of WebGPU (https://www.w3.org/TR/webgpu), as Dawn has it. */
interface Gpu {
  requestAdapter(options: { powerPreference: string }): Promise<Adapter | null>
}
interface Adapter {
  readonly info: AdapterInfo
}
interface AdapterInfo {
  readonly vendor: string
  readonly architecture: string
  readonly device: string
  readonly description: string
  readonly isFallbackAdapter?: boolean
}
interface Dawn {
  create(options: readonly string[]): Gpu
  readonly globals: Readonly<Record<string, unknown>>
}

/** Rasterisers that run on the CPU: SwiftShader, Mesa's llvmpipe and lavapipe, Windows' WARP. */
const SOFTWARE = /swiftshader|llvmpipe|lavapipe|software|basic render/i

const require = createRequire(import.meta.url)

/** What is open: a second device would cost a second start. */
let opened: { info: AdapterInfo; name: string } | undefined

/** Kept: Dawn ends when it is collected. */
const kept: object[] = []

/**
 * Registers tfjs's backend `webgpu` and returns its device in words.
 * @throws UnavailableEngine where something is missing, or where the adapter is software and `softwareGpu` is not set
 */
export async function openWebgpu(tf: Tfjs, { softwareGpu }: { softwareGpu: boolean }): Promise<string> {
  opened ??= await open(tf)
  if (!softwareGpu && isSoftware(opened.info)) {
    throw new UnavailableEngine('tfjs-webgpu', {
      expected: 'a GPU',
      found: `${opened.name}, which is software`,
      brief: `finds only software (${opened.name})`,
    })
  }
  return `WebGPU, ${opened.name}`
}

async function open(tf: Tfjs): Promise<{ info: AdapterInfo; name: string }> {
  const { dawn, backend } = findFiles()
  const { create, globals } = load(dawn)
  const gpu = create([])
  const adapter = await gpu.requestAdapter({ powerPreference: 'high-performance' })
  if (adapter === null) {
    throw new UnavailableEngine('tfjs-webgpu', {
      expected: 'a GPU with a Vulkan, Metal or Direct3D 12 driver',
      found: 'none',
      brief: 'finds no GPU',
    })
  }
  const { info } = adapter
  const navigator = { gpu }
  kept.push(gpu, adapter)
  // It registers itself where it finds WebGPU.
  foreignLoader(dirname(backend), {
    modules: { '@tensorflow/tfjs-core': tf.core },
    globals: { ...globals, navigator, globalThis: { navigator } },
  })(WEBGPU_BACKEND_FILE)
  return { info, name: info.description || info.device || [info.vendor, info.architecture].filter(Boolean).join(' ') }
}

function load(dawn: string): Dawn {
  try {
    return require(dawn)
  } catch (cause) {
    const why = (cause instanceof Error ? cause.message : String(cause)).split('\n', 1)[0] ?? ''
    throw new UnavailableEngine('tfjs-webgpu', {
      expected: 'Dawn (the package webgpu) to load',
      found: why,
      remedy: 'Run: mnist-train setup webgpu',
      brief: `does not load (${why})`,
      cause,
    })
  }
}

/** The packages where the user's project has both, else those of our set-up. */
function findFiles(): { dawn: string; backend: string } {
  const installed = { dawn: packageFolder('webgpu'), backend: packageFolder('@tensorflow/tfjs-backend-webgpu') }
  if (installed.dawn !== undefined && installed.backend !== undefined) {
    const files = { dawn: dawnFile(installed.dawn), backend: join(installed.backend, 'dist', WEBGPU_BACKEND_FILE) }
    if (existsSync(files.dawn)) return files
  }
  const folder = findWebgpuFolder()
  if (folder !== undefined) return { dawn: dawnFile(folder), backend: join(folder, WEBGPU_BACKEND_FILE) }
  throw new UnavailableEngine('tfjs-webgpu', {
    expected: 'the packages webgpu and @tensorflow/tfjs-backend-webgpu',
    found: 'them not set up',
    remedy: 'Run: mnist-train setup webgpu',
    brief: 'is not set up',
  })
}

function packageFolder(name: string): string | undefined {
  try {
    return dirname(require.resolve(`${name}/package.json`))
  } catch {
    // `webgpu` exports no package.json in some versions, and has no CommonJS entry.
    return undefined
  }
}

function isSoftware({ isFallbackAdapter, vendor, architecture, device, description }: AdapterInfo): boolean {
  return isFallbackAdapter === true || SOFTWARE.test([vendor, architecture, device, description].join(' '))
}
