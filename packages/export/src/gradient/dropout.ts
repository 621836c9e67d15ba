/**
 * Dropout's mask from a counter: element i of layer l in the step of a seed is kept or dropped by a hash of (seed, l, i)
 * alone, so that a mask is the same on every runtime, with any batch size, and after a resumed run. ONNX's own Dropout keeps a
 * generator in the session, which no file can hold.
 *
 * The hash is three rounds of multiply, add a key, add the upper half (in 32 unsigned bits); its multipliers are those of
 * Chris Wellons' "lowbias32" (hash-prospector, 2018), who has xor for the last addition, which ai.onnx lacks for integers
 * before opset 18. The keys are the seed's two halves, hashed with the layer.
 */
import { floatAttribute, intAttribute } from '../graph/attributes.js'
import { float, type GraphBuilder, int, type Value } from '../graph/builder.js'
import { required } from '../graph/inference/expect.js'
import type { InferenceRule, InferenceRules } from '../graph/shape-inference.js'
import type { Node } from '../onnx/model.js'
import { GRADIENT_DOMAIN } from './domain.js'

/** Multiplier and right shift of each round. */
export const HASH_ROUNDS = [
  { multiplier: 0x9e3779b1, shift: 16 },
  { multiplier: 0x7feb352d, shift: 15 },
  { multiplier: 0x846ca68b, shift: 16 },
] as const

export interface DropoutLayer {
  /** Which Dropout of the graph this is, from 0. */
  readonly layer: number
  /** The probability of being dropped, 0 ≤ ratio < 1. */
  readonly ratio: number
}

/** x (for its shape alone) and the step's seed (INT64 scalar) → what x is multiplied by: 0, or 1 / (1 - ratio). */
export function dropoutMaskOf(g: GraphBuilder, [x, seed]: readonly [Value, Value], options: DropoutLayer): Value {
  const { layer, ratio } = options
  return g.op('DropoutMask', [x, seed], {
    domain: GRADIENT_DOMAIN,
    attributes: { layer: int(layer), ratio: float(ratio) },
  })
}

export function dropoutLayerOf(node: Node): DropoutLayer {
  return { layer: intAttribute(node, 'layer', 0), ratio: floatAttribute(node, 'ratio', 0.5) }
}

/** Elements whose hash is below this are dropped; the ratio counts as the float32 that a file holds. */
export function dropThreshold(ratio: number): number {
  return Math.min(Math.round(Math.fround(ratio) * 2 ** 32), 2 ** 32 - 1)
}

/** What a kept element is multiplied by, so that the mean stays. */
export function keptScale(ratio: number): number {
  return Math.fround(1 / (1 - Math.fround(ratio)))
}

export interface DropoutMaskOptions extends DropoutLayer {
  /** The step's `seed`, a safe integer. */
  readonly seed: number
  readonly shape: readonly number[]
}

/** The mask that the graph computes: 0 where an element is dropped, else 1 / (1 - ratio). */
export function dropoutMask({ seed, layer, shape, ratio }: DropoutMaskOptions): Float32Array {
  const count = shape.reduce((product, length) => product * length, 1)
  const keys = roundKeys(seed, layer)
  const threshold = dropThreshold(ratio)
  const scale = keptScale(ratio)
  return Float32Array.from({ length: count }, (_, index) => (hash(index, keys) < threshold ? 0 : scale))
}

/** The keys of the rounds: 0, and the seed's two halves, each hashed with the layer. */
function roundKeys(seed: number, layer: number): readonly number[] {
  const low = Number(BigInt.asUintN(32, BigInt(seed)))
  const high = Number(BigInt.asUintN(32, BigInt(seed) >> 32n))
  const first = hash(low, [layer, high, 0])
  return [first, hash(high, [first, low, layer]), 0]
}

function hash(value: number, keys: readonly number[]): number {
  return HASH_ROUNDS.reduce((state, { multiplier, shift }, round) => {
    const mixed = (Math.imul(state, multiplier) + (keys[round] as number)) >>> 0
    return (mixed + (mixed >>> shift)) >>> 0
  }, value)
}

const mask: InferenceRule = (node, inputs) => {
  const { dataType, shape } = required(node, inputs, 0)
  return [{ dataType, shape }]
}

export const DROPOUT_INFERENCE: InferenceRules = { DropoutMask: mask }
