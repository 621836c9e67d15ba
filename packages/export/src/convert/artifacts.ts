/**
 * What tfjs saves of a LayersModel, checked: the topology (JSON) and the weights (bytes and their specifications), as in
 * `io.ModelArtifacts` of tfjs-core 4.22. Weights quantized by the tfjs converter (uint8, uint16, float16) are read; string and
 * complex64 weights are refused.
 */
import { UserError } from '../errors.js'
import { type ByteChunks, byteChunks } from './byte-chunks.js'
import { halfToFloat } from './half.js'
import { KERAS_1_WEIGHTS } from './keras1.js'

/** One entry of a weights manifest. */
export interface WeightSpec {
  readonly name: string
  readonly shape: readonly number[]
  readonly dtype: string
  readonly quantization?: Quantization | undefined
}

/** float32 value = stored × scale + min (uint8, uint16), or the float16 stored. */
export interface Quantization {
  readonly dtype: string
  readonly scale?: number | undefined
  readonly min?: number | undefined
}

/** The part of tfjs's `io.ModelArtifacts` that a conversion needs; those of `model.save(io.withSaveHandler(…))` fit. */
export interface LayersModelArtifacts {
  /** model.json's `modelTopology`: `{ class_name, config }`, bare or under `model_config`. */
  readonly modelTopology?: object | undefined
  readonly weightSpecs?: readonly WeightSpec[] | undefined
  readonly weightData?: ArrayBuffer | Uint8Array | readonly (ArrayBuffer | Uint8Array)[] | undefined
}

/** A weight's elements as float32, in tfjs's layout. */
export interface Weight {
  readonly name: string
  readonly shape: readonly number[]
  readonly values: Float32Array
}

/** Bytes of one stored element. */
const ELEMENT_BYTES: Readonly<Record<string, number>> = {
  float32: 4,
  int32: 4,
  bool: 1,
  uint8: 1,
  uint16: 2,
  float16: 2,
}

/** The weights of a model by tfjs's names, decoded when asked for. */
export class WeightStore {
  readonly #bytes: ByteChunks
  readonly #entries = new Map<string, { readonly spec: WeightSpec; readonly offset: number; readonly length: number }>()

  /** The first name that becomes each one without its cell. */
  readonly #shortened = new Map<string, string>()

  constructor({ weightSpecs = [], weightData = new Uint8Array(0) }: LayersModelArtifacts) {
    this.#bytes = byteChunks(weightData)
    let offset = 0
    for (const spec of weightSpecs) {
      const length = weightByteLength(spec)
      if (this.#entries.has(spec.name)) throw invalid(`weight ${spec.name}`, 'a name of its own', 'it a second time')
      this.#entries.set(spec.name, { spec, offset, length })
      offset += length
    }
    for (const name of [...this.#entries.keys()].toReversed()) this.#shortened.set(withoutCell(name), name)
    if (offset !== this.#bytes.length) {
      const remedy = 'is a shard missing, cut short, or from another model?'
      throw invalid('weights', `${offset} bytes as weightSpecs declare`, `${this.#bytes.length}: ${remedy}`)
    }
  }

  get names(): readonly string[] {
    return [...this.#entries.keys()]
  }

  /** The tfjs name under which `layer` stores `weight`, or undefined. */
  find(layer: string, weight: string): string | undefined {
    const direct = `${layer}/${weight}`
    if (this.#entries.has(direct)) return direct
    // TensorFlow 2.2 and later put the cell's name between: `lstm/lstm_cell/kernel`, which tfjs reads as `lstm/kernel`.
    const shortened = this.#shortened.get(direct)
    if (shortened !== undefined) return shortened
    // Keras 3 puts the model's name in front: `sequential/conv2d/kernel`, which tfjs does not read.
    const end = `/${direct}`
    const within = this.names.filter((name) => name.endsWith(end) || withoutCell(name).endsWith(end))
    if (within.length > 0) return within.length === 1 ? within[0] : undefined
    const old = `${layer}_${KERAS_1_WEIGHTS[weight]}`
    return [old, `${layer}/${old}`].find((name) => this.#entries.has(name))
  }

  /** The shape of the weight of that name, in tfjs; throws where there is none. */
  shapeOf(name: string): readonly number[] {
    return this.#entry(name).spec.shape
  }

  /** The weight of that name; throws where there is none. */
  read(name: string): Weight {
    const entry = this.#entry(name)
    const bytes = this.#bytes.slice(entry.offset, entry.length)
    return { name, shape: entry.spec.shape, values: decode(entry.spec, bytes) }
  }

  #entry(name: string) {
    const entry = this.#entries.get(name)
    if (entry === undefined) throw new Error(`internal: no weight named ${name}`)
    return entry
  }
}

/** Without the last part but one. */
function withoutCell(name: string): string {
  return name.split('/').toSpliced(-2, 1).join('/')
}

/** Bytes that a weight takes in its shard. Throws a UserError where its specification is malformed. */
export function weightByteLength({ name, shape, dtype, quantization }: WeightSpec): number {
  const where = `weight ${String(name)}`
  if (typeof name !== 'string' || name === '') throw invalid('weights', 'a name for each', JSON.stringify(name))
  if (!Array.isArray(shape) || !shape.every((dim) => Number.isSafeInteger(dim) && dim >= 0)) {
    throw invalid(where, 'a shape of integers', JSON.stringify(shape))
  }
  const stored = quantization?.dtype ?? dtype
  const element = ELEMENT_BYTES[stored]
  const quantized = quantization === undefined ? ['float32', 'int32', 'bool'] : ['uint8', 'uint16', 'float16']
  if (element === undefined || !quantized.includes(stored)) {
    throw new UserError('UNSUPPORTED', `${where}: expected ${quantized.join(', ')}, found ${String(stored)}`)
  }
  const length = shape.reduce((bytes, dim) => bytes * dim, element)
  if (!Number.isSafeInteger(length))
    throw invalid(where, 'a size that a machine can hold', `shape [${shape.join(', ')}]`)
  return length
}

function decode({ name, shape, dtype, quantization }: WeightSpec, bytes: Uint8Array): Float32Array {
  if (quantization === undefined) {
    if (dtype === 'float32') return new Float32Array(...aligned(bytes, 4))
    if (dtype === 'int32') return Float32Array.from(new Int32Array(...aligned(bytes, 4)))
    return eachElement(bytes, (byte) => (byte === 0 ? 0 : 1))
  }
  if (quantization.dtype === 'float16') return eachElement(new Uint16Array(...aligned(bytes, 2)), halfToFloat)
  const { scale, min } = quantization
  if (typeof scale !== 'number' || typeof min !== 'number') {
    throw invalid(`weight ${name}`, 'the scale and min of its quantization', JSON.stringify(quantization))
  }
  const levels = quantization.dtype === 'uint8' ? bytes : new Uint16Array(...aligned(bytes, 2))
  if (levels.length !== shape.reduce((count, dim) => count * dim, 1))
    throw new Error(`internal: weight ${name}: length`)
  const isInteger = dtype === 'int32'
  return eachElement(levels, (level) => (isInteger ? Math.round(level * scale + min) : level * scale + min))
}

/** A loop, since `Float32Array.from` walks its source by an iterator, ten times as slowly. */
function eachElement(stored: Uint8Array | Uint16Array | Int32Array, value: (stored: number) => number): Float32Array {
  const values = new Float32Array(stored.length)
  for (let index = 0; index < stored.length; index++) values[index] = value(stored[index] as number)
  return values
}

/** Arguments of a typed array over `bytes`: a view where they lie on a multiple of `size`, a copy otherwise. */
function aligned(bytes: Uint8Array, size: number): [ArrayBuffer, number, number] {
  const view = bytes.byteOffset % size === 0 ? bytes : bytes.slice()
  return [view.buffer as ArrayBuffer, view.byteOffset, view.byteLength / size]
}

function invalid(where: string, expected: string, found: string): UserError {
  return new UserError('INPUT', `${where}: expected ${expected}, found ${found}`)
}
