/** Random input for a tfjs model: the same each time, so that a finding can be found again. */
import { elementCount } from '../../onnx/tensor.js'
import type { TfLayer, TfLayersModel } from './runtimes.js'

export interface Input {
  readonly dtype: string
  /** As tfjs has it. */
  readonly shape: readonly number[]
  readonly values: Float32Array | Int32Array
}

/** Lengths that the model leaves open: two rows tell a batch from its only row, 32 is enough for most windows. */
const BATCH = 2
const LENGTH = 32

/** Integers where a layer looks rows up with them or the dtype says so, else uniform from -1 to 1. */
export function randomInputs(model: TfLayersModel): Input[] {
  const random = mulberry32(1)
  return model.inputs.map(({ shape: symbolic, dtype }, index) => {
    const shape = symbolic.map((dim, axis) => dim ?? (axis === 0 ? BATCH : LENGTH))
    const count = elementCount(shape)
    const rows = rowsBelow(model, model.inputLayers[index])
    const whole = dtype === 'int32' || dtype === 'bool' || rows !== undefined
    const below = dtype === 'bool' ? 2 : (rows ?? 10)
    const draw = whole ? () => Math.floor(random() * below) : () => random() * 2 - 1
    const values = dtype === 'float32' ? new Float32Array(count) : new Int32Array(count)
    return { dtype, shape, values: values.map(draw) }
  })
}

/** How many rows the embeddings that this input feeds have; undefined where it feeds none. */
function rowsBelow(model: TfLayersModel, input: TfLayer | undefined): number | undefined {
  const rows = model.layers
    .filter((layer) => layer.getClassName() === 'Embedding')
    .filter((layer) => layer.inboundNodes.some(({ inboundLayers }) => inboundLayers.some((each) => each === input)))
    .map((layer) => layer.getConfig().inputDim)
    .filter((inputDim) => typeof inputDim === 'number')
  return rows.length === 0 ? undefined : Math.min(...rows)
}

/** Tommy Ettinger's generator (public domain): uniform from 0 to 1, of 32 bits of state. */
function mulberry32(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}
