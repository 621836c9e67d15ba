/** Which engine trains: the one asked for, or the fastest that can be had here, with the reason. */
import { UserError } from 'mnist-export'
import { cudaObstacle } from 'mnist-infer/runtime'
import { buildNetwork } from '../networks/index.js'
import type { EngineOptions, OpenedEngine } from './engine.js'
import type { EngineName } from './names.js'
import { openOnnxEngine } from './onnx/onnx-engine.js'
import { speedsOf } from './speeds.js'
import { TFJS_BACKENDS, TFJS_GPU, TFJS_NODE, TFJS_WEBGPU, type TfjsBackend } from './tfjs/backends.js'
import { nativeTensorflows } from './tfjs/native-folder.js'
import { openTfjsEngine } from './tfjs/tfjs-engine.js'
import { UnavailableEngine } from './unavailable.js'

export interface ChosenEngine extends OpenedEngine {
  /** Why this one, and why not those that would be faster. */
  readonly reason: string
}

export interface ChooseOptions extends EngineOptions {
  readonly engine: EngineName
  readonly network: string
}

type NetworkOptions = Omit<ChooseOptions, 'engine'>

/** @throws UserError ENVIRONMENT where the engine asked for can't be had; the message says what it lacks. */
export async function createEngine({ engine, ...options }: ChooseOptions): Promise<ChosenEngine> {
  if (engine === 'auto') return fastest(options)
  if (engine === 'onnx') {
    const { opened, passedOver } = await onnxOnCuda(options)
    return { ...(opened ?? (await onnx(options, 'cpu'))), reason: sentence('asked for', passedOver) }
  }
  const { opened, passedOver } = await firstOf(TFJS_BACKENDS[engine] ?? [], { ...options, softwareGpu: true })
  if (opened !== undefined) return { ...opened, reason: sentence('asked for', briefs(passedOver)) }
  // The last is the least demanding: what it lacks is what the user can mend.
  throw passedOver.at(-1) ?? new Error(`internal: engine ${engine} has no backend`)
}

/** A GPU's engines, the native ones first; without one, whichever of the CPU's engines trains this network faster. */
async function fastest(options: NetworkOptions): Promise<ChosenEngine> {
  const passedOver: string[] = []
  const chosen = (opened: OpenedEngine): ChosenEngine => ({
    ...opened,
    reason: sentence(passedOver.length === 0 ? 'the fastest' : 'the fastest that can be had here', passedOver),
  })
  const attempts = [
    () => firstBrief([TFJS_GPU], options),
    () => onnxOnCuda(options),
    () => firstBrief([TFJS_WEBGPU], options),
    () => tfjsNodeWhereFaster(options),
  ]
  for (const attempt of attempts) {
    const { opened, passedOver: reasons } = await attempt()
    if (opened !== undefined) return chosen(opened)
    passedOver.push(...reasons)
  }
  return chosen(await onnx(options, 'cpu'))
}

interface Attempt {
  readonly opened: OpenedEngine | undefined
  readonly passedOver: readonly string[]
}

/** Where there is no GPU, nothing is passed over. */
async function onnxOnCuda(options: NetworkOptions): Promise<Attempt> {
  const obstacle = cudaObstacle()
  if (obstacle === 'no NVIDIA GPU' || process.platform !== 'linux') return { opened: undefined, passedOver: [] }
  if (obstacle !== undefined) {
    return { opened: undefined, passedOver: [`onnx on CUDA: ${obstacle} (mnist-infer setup cuda)`] }
  }
  try {
    return { opened: await onnx(options, 'cuda'), passedOver: [] }
  } catch (error) {
    if (!(error instanceof UserError) || error.code !== 'ENVIRONMENT') throw error
    return { opened: undefined, passedOver: [`onnx on CUDA: ${error.message}`] }
  }
}

async function tfjsNodeWhereFaster(options: NetworkOptions): Promise<Attempt> {
  const passOver = (reason: string): Attempt => ({ opened: undefined, passedOver: [reason] })
  if (nativeTensorflows('@tensorflow/tfjs-node', ['cpu', 'cuda']).length === 0)
    return passOver('tfjs-node is not set up')
  const { onnx: ours = 0, 'tfjs-node': theirs = 0 } = await speedsOf(['onnx', 'tfjs-node'], options)
  if (typeof theirs === 'string') return passOver(theirs)
  if (typeof ours === 'number' && ours >= theirs) {
    return passOver(`tfjs-node is slower (${rate(theirs)} images/s, onnx ${rate(ours)})`)
  }
  const { opened, passedOver } = await firstBrief([TFJS_NODE], options)
  const slower = typeof ours === 'number' ? `onnx is slower (${rate(ours)} images/s, tfjs-node ${rate(theirs)})` : ours
  return { opened: opened && { ...opened, description: `${opened.description}; ${slower}` }, passedOver }
}

async function onnx(options: NetworkOptions, provider: 'cpu' | 'cuda'): Promise<OpenedEngine> {
  const layers = await buildNetwork(options.network, options.seed)
  try {
    return await openOnnxEngine(layers, { ...options, provider })
  } finally {
    layers.dispose()
  }
}

async function firstBrief(backends: readonly TfjsBackend[], options: NetworkOptions): Promise<Attempt> {
  const { opened, passedOver } = await firstOf(backends, { ...options, softwareGpu: false })
  return { opened, passedOver: briefs(passedOver) }
}

interface Attempts {
  readonly opened: OpenedEngine | undefined
  readonly passedOver: readonly UnavailableEngine[]
}

/** The first of `backends` that opens. */
async function firstOf(
  backends: readonly TfjsBackend[],
  options: NetworkOptions & { readonly softwareGpu: boolean },
): Promise<Attempts> {
  const passedOver: UnavailableEngine[] = []
  for (const backend of backends) {
    try {
      const device = await backend.open(options)
      const engine = await openTfjsEngine(await buildNetwork(options.network, options.seed), options)
      return {
        opened: { engine, name: backend.engine, description: `${backend.engine} (tfjs, ${device})` },
        passedOver,
      }
    } catch (error) {
      if (!(error instanceof UnavailableEngine)) throw error
      passedOver.push(error)
    }
  }
  return { opened: undefined, passedOver }
}

function briefs(errors: readonly UnavailableEngine[]): readonly string[] {
  return errors.map(({ brief }) => brief)
}

function sentence(choice: string, passedOver: readonly string[]): string {
  return [choice, ...passedOver].join('; ')
}

function rate(imagesPerSecond: number): string {
  return imagesPerSecond >= 100 ? Math.round(imagesPerSecond).toLocaleString('en-US') : imagesPerSecond.toFixed(1)
}
