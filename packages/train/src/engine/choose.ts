/** Which engine trains: the one asked for, or the fastest that can be had here, with the reason. */

import { buildNetwork } from '../networks/index.js'
import type { EngineOptions, OpenedEngine } from './engine.js'
import type { EngineName } from './names.js'
import { openOnnxEngine } from './onnx/onnx-engine.js'
import { TFJS_BACKENDS, TFJS_GPU, type TfjsBackend } from './tfjs/backends.js'
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
  if (engine === 'onnx') return { ...(await onnx(options)), reason: 'asked for' }
  const { opened, passedOver } = await firstOf(TFJS_BACKENDS[engine] ?? [], options)
  if (opened !== undefined)
    return { ...opened, reason: ['asked for', ...passedOver.map(({ brief }) => brief)].join('; ') }
  // The last is the least demanding: what it lacks is what the user can mend.
  throw passedOver.at(-1) ?? new Error(`internal: engine ${engine} has no backend`)
}

/** A GPU's TensorFlow, else ONNX Runtime, which beats TensorFlow's kernels on the CPU for every network here. */
async function fastest(options: NetworkOptions): Promise<ChosenEngine> {
  const { opened, passedOver } = await firstOf([TFJS_GPU], options)
  if (opened !== undefined) return { ...opened, reason: 'the fastest' }
  const reason = ['the fastest that can be had here', ...passedOver.map(({ brief }) => brief)].join('; ')
  return { ...(await onnx(options)), reason }
}

async function onnx(options: NetworkOptions): Promise<OpenedEngine> {
  const layers = await buildNetwork(options.network, options.seed)
  try {
    return await openOnnxEngine(layers, options)
  } finally {
    layers.dispose()
  }
}

interface Attempts {
  readonly opened: OpenedEngine | undefined
  readonly passedOver: readonly UnavailableEngine[]
}

/** The first of `backends` that opens. */
async function firstOf(backends: readonly TfjsBackend[], options: NetworkOptions): Promise<Attempts> {
  const passedOver: UnavailableEngine[] = []
  for (const backend of backends) {
    try {
      const device = await backend.open()
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
