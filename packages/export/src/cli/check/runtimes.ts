/**
 * TensorFlow.js and ONNX Runtime for `--check`: the user's own where there are any, for this package needs neither. They are found from
 * the working folder first, then from where this package is installed.
 */
import { createRequire } from 'node:module'
import { join } from 'node:path'
import type { LayersModelArtifacts } from '../../convert/artifacts.js'
import { UserError } from '../../errors.js'
import { registerHalfPixelResizing } from './half-pixel-resizing.js'

/** The part of tfjs-core 4 that is used. */
export interface TfCore {
  enableProdMode(): void
  setBackend(name: string): Promise<boolean>
  tensor(values: Float32Array | Int32Array, shape: readonly number[], dtype: string): TfTensor
  readonly image: {
    resizeBilinear(x: TfTensor, size: readonly number[], alignCorners: boolean, halfPixelCenters: boolean): TfTensor
  }
  readonly serialization: { registerClass(layer: unknown): void }
}

export interface TfTensor {
  readonly shape: readonly number[]
  data(): Promise<ArrayLike<number>>
  dispose(): void
}

export interface TfSymbolicTensor {
  readonly shape: readonly (number | null)[]
  readonly dtype: string
  readonly name: string
}

export interface TfNode {
  readonly inboundLayers: readonly TfLayer[]
  readonly outputTensors: readonly TfSymbolicTensor[]
}

export interface TfLayer {
  readonly name: string
  readonly inboundNodes: readonly TfNode[]
  getClassName(): string
  getConfig(): Readonly<Record<string, unknown>>
}

export interface TfLayersModel {
  readonly inputs: readonly TfSymbolicTensor[]
  readonly inputLayers: readonly TfLayer[]
  readonly layers: readonly TfLayer[]
  predict(inputs: TfTensor[]): TfTensor | TfTensor[]
  save(handler: unknown): Promise<unknown>
}

/** The part of tfjs-layers 4 that is used. */
export interface TfLayers {
  readonly version_layers: string
  loadLayersModel(handler: { load(): Promise<unknown> }, options: { strict: boolean }): Promise<TfLayersModel>
  model(config: { inputs: readonly TfSymbolicTensor[]; outputs: readonly TfSymbolicTensor[] }): TfLayersModel
  readonly layers: { readonly Layer: new (config: object) => object }
}

export interface OrtTensor {
  readonly data: ArrayLike<number | bigint>
  readonly dims: readonly number[]
}

/** The part of onnxruntime-node that is used. */
export interface Ort {
  readonly InferenceSession: {
    create(
      bytes: Uint8Array,
      options: object,
    ): Promise<{
      run(feeds: Readonly<Record<string, OrtTensor>>): Promise<Readonly<Record<string, OrtTensor>>>
      release(): Promise<void>
    }>
  }
  readonly Tensor: new (type: string, data: ArrayLike<number>, dims: readonly number[]) => OrtTensor
}

export interface Runtimes {
  readonly core: TfCore
  readonly layers: TfLayers
  readonly ort: Ort
}

const TFJS = ['@tensorflow/tfjs-core', '@tensorflow/tfjs-layers', '@tensorflow/tfjs-backend-cpu'] as const
const ORT = ['onnxruntime-node'] as const

/** @throws UserError ENVIRONMENT that says what to install. */
export function loadRuntimes(): Runtimes {
  const [core, layers] = loadAll(TFJS) as unknown as [TfCore, TfLayers, unknown]
  const [ort] = loadAll(ORT) as unknown as [Ort]
  // Else it recommends another backend on standard error.
  core.enableProdMode()
  registerHalfPixelResizing(core, layers)
  return { core, layers, ort }
}

/** Packages that belong together, all from one place: two copies of tfjs-core do not know each other. */
function loadAll(names: readonly string[]): unknown[] {
  const places = [join(process.cwd(), 'package.json'), import.meta.url]
  let missing: unknown
  for (const place of places) {
    // tfjs's ESM entry points do not resolve in Node: these packages are required, not imported.
    const require = createRequire(place)
    try {
      for (const name of names) require.resolve(name)
    } catch (error) {
      missing ??= error
      continue
    }
    return names.map((name) => require(name) as unknown)
  }
  const install = `npm install ${TFJS.map((name) => `${name}@4.22.0`).join(' ')} ${ORT.join(' ')}`
  throw new UserError(
    'ENVIRONMENT',
    `--check: expected ${names.join(', ')} to be installed, found not all; run: ${install}`,
    {
      cause: missing,
    },
  )
}

/** The model as tfjs loads it. @throws UserError UNSUPPORTED where tfjs cannot. */
export async function loadTfModel(artifacts: LayersModelArtifacts, { core, layers }: Runtimes): Promise<TfLayersModel> {
  await core.setBackend('cpu')
  const { weightData = [] } = artifacts
  const chunks: readonly (ArrayBuffer | Uint8Array)[] = Array.isArray(weightData) ? weightData : [weightData]
  const buffers = chunks.map((chunk) =>
    chunk instanceof Uint8Array ? chunk.buffer.slice(chunk.byteOffset, chunk.byteOffset + chunk.byteLength) : chunk,
  )
  const handler = {
    load: async () => ({
      ...artifacts,
      modelTopology: withoutInitializers(artifacts.modelTopology),
      weightData: buffers,
    }),
  }
  try {
    return await layers.loadLayersModel(handler, { strict: false })
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause)
    throw new UserError('UNSUPPORTED', `--check: TensorFlow.js cannot load this model to compare with: ${reason}`, {
      cause,
    })
  }
}

/** The weights are read anyway: random ones cost seconds before, and Orthogonal's need tensor methods that tfjs-core alone lacks. */
function withoutInitializers(modelTopology: object | undefined): unknown {
  return JSON.parse(JSON.stringify(modelTopology ?? {}), (key, value: unknown) =>
    /initializer$/i.test(key) && typeof value === 'object' && value !== null ? ZEROS : value,
  )
}

const ZEROS = { class_name: 'Zeros', config: {} }
