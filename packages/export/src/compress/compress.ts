/** A model in fewer bytes: a table precision → rewrite of its graph. */
import { UserError } from '../errors.js'
import type { Graph, Model } from '../onnx/model.js'
import type { Ranges } from './calibration.js'
import { fp16Weights } from './fp16.js'
import { fp16Compute } from './fp16-compute.js'
import { int4Dense, MICROSOFT } from './int4.js'
import { int8Static } from './int8-static.js'
import { int8Weights } from './int8-weights.js'
import { Names } from './names.js'
import { PRECISIONS, type Precision } from './precision.js'

export interface CompressOptions {
  readonly precision: Precision
  /** With `fp16`: compute in half precision too. Default false. */
  readonly fp16Compute?: boolean
  /** With `int8`: ranges of the values that `calibrationValues` names, from a run on real input. */
  readonly ranges?: Ranges
  /** With `int4`: weights that share a scale, 16, 32, 64, 128 or 256. Default 64. */
  readonly blockSize?: number
}

/** DequantizeLinear along an axis; Cast, MatMul and the rest are as they were. */
const OLDEST_OPSET = 13

const BLOCK_SIZES: readonly number[] = [16, 32, 64, 128, 256]

type Rewrite = (graph: Graph, options: CompressOptions) => { readonly graph: Graph; readonly domain?: string }

const REWRITES: Readonly<Record<Precision, Rewrite>> = {
  fp32: (graph) => ({ graph }),
  fp16: (graph, options) => ({ graph: options.fp16Compute === true ? fp16Compute(graph) : fp16Weights(graph) }),
  int8: (graph, { ranges }) => {
    if (ranges !== undefined) return { graph: int8Static(graph, { names: new Names(graph), ranges }) }
    throw new UserError(
      'USAGE',
      "ranges: expected those of calibrationValues(model) for int8, found none; 'int8-weights' needs none",
    )
  },
  'int8-weights': (graph) => ({ graph: int8Weights(graph, new Names(graph)) }),
  int4: (graph, { blockSize = 64 }) => {
    if (!BLOCK_SIZES.includes(blockSize)) {
      throw new UserError('USAGE', `blockSize: expected one of ${BLOCK_SIZES.join(', ')}, found ${blockSize}`)
    }
    const names = new Names(graph)
    const dense = int4Dense(graph, { names, blockSize })
    return { graph: int8Weights(dense.graph, names), ...(dense.rewritten > 0 ? { domain: MICROSOFT } : {}) }
  },
}

/**
 * The model with weights, and for some precisions activations, stored and computed as `precision` says. Inputs and outputs stay as they
 * are. `mnist.precision` of the metadata names it.
 * @throws UserError UNSUPPORTED for an opset older than 13, an operator that cannot be had so, or a model without weights to compress
 */
export function compressModel(model: Model, options: CompressOptions): Model {
  const { precision } = options
  if (!PRECISIONS.includes(precision)) {
    throw new UserError('USAGE', `precision: expected one of ${PRECISIONS.join(', ')}, found ${precision}`)
  }
  if (options.fp16Compute === true && precision !== 'fp16') {
    throw new UserError('USAGE', `fp16Compute: expected precision fp16 with it, found ${precision}`)
  }
  const opset = model.opsets[''] ?? 0
  if (precision !== 'fp32' && opset < OLDEST_OPSET) {
    throw new UserError(
      'UNSUPPORTED',
      `${precision}: expected a model of opset ${OLDEST_OPSET} or later, found ${opset}`,
    )
  }
  const { graph, domain } = REWRITES[precision](model.graph, options)
  const before = new Set(model.graph.initializers)
  if (precision !== 'fp32' && graph.initializers.every((tensor) => before.has(tensor))) {
    throw new UserError('UNSUPPORTED', `${precision}: expected float weights large enough to compress, found none`)
  }
  return {
    ...model,
    graph,
    opsets: domain === undefined ? model.opsets : { ...model.opsets, [domain]: 1 },
    metadata: { ...model.metadata, 'mnist.precision': precision },
  }
}
