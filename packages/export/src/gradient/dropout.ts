/**
 * Dropout's mask from a counter: element i of layer l in the step of a seed is kept or dropped by a hash of (seed, l, i)
 * alone, so that a mask is the same on every runtime, with any batch size, and after a resumed run. ONNX's own Dropout keeps a
 * generator in the session, which no file can hold.
 *
 * The hash works on 32 unsigned bits, in which + and × wrap round: from i · multiplier + key, three times x ← x (2 a x + 2 key + 1),
 * with x ← x + ⌊x / 2¹⁶⌋ between. Each such quadratic is a permutation (Rivest, "Permutation polynomials modulo 2^w", 2001; the
 * cipher RC6 rests on it), and unlike the usual xor-shift hashes it needs no bitwise operator, which ai.onnx lacks before
 * opset 18. The four keys are the same hash of 0…3 under the seed's two halves and the layer. The constants are odd numbers with
 * no pattern; test/gradient/dropout.test.ts holds what comes out to the statistics of independent bits.
 */
import { floatAttribute, intAttribute } from '../graph/attributes.js'
import { float, type GraphBuilder, int, type Value } from '../graph/builder.js'
import { required } from '../graph/inference/expect.js'
import type { InferenceRule, InferenceRules } from '../graph/shape-inference.js'
import type { Node } from '../onnx/model.js'
import { elementCount } from '../onnx/tensor.js'
import { GRADIENT_DOMAIN } from './domain.js'

/** Of the index, at the start. */
export const HASH_MULTIPLIER = 0x9e3779b1

/** 2 a of each round. */
export const HASH_ROUNDS = [0x7feb352e, 0x846ca68a, 0x9e3779b2] as const

/** Half of the bits: what is shifted down between the rounds. */
export const HASH_FOLD = 16

export interface DropoutLayer {
  /** Which Dropout of the graph this is, from 0. */
  readonly layer: number
  /** The probability of being dropped, 0 ≤ ratio < 1. */
  readonly ratio: number
}

/** The step's own inputs that masks depend on, INT64 scalars. */
export interface DropoutInputs {
  readonly seed: Value
  /** Of a part of a batch: how many rows of the batch come before x's. Absent: none. */
  readonly firstRow?: Value | undefined
}

/** x [rows, …] (for its shape alone) → what x is multiplied by: 0, or 1 / (1 - ratio). */
export function dropoutMaskOf(
  g: GraphBuilder,
  [x, { seed, firstRow }]: readonly [Value, DropoutInputs],
  options: DropoutLayer,
): Value {
  const { layer, ratio } = options
  return g.op('DropoutMask', firstRow === undefined ? [x, seed] : [x, seed, firstRow], {
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
  const count = elementCount(shape)
  const keys = layerKeys(seed, layer)
  const threshold = dropThreshold(ratio)
  const scale = keptScale(ratio)
  const mask = new Float32Array(count)
  for (let index = 0; index < count; index++) mask[index] = hash(index, keys) < threshold ? 0 : scale
  return mask
}

/** The four keys of a layer's hash. */
function layerKeys(seed: number, layer: number): readonly number[] {
  const low = Number(BigInt.asUintN(32, BigInt(seed)))
  const high = Number(BigInt.asUintN(32, BigInt(seed) >> 32n))
  return [0, 1, 2, 3].map((index) => fold(hash(index, [low, high, layer, 0])))
}

function hash(index: number, keys: readonly number[]): number {
  let x = (Math.imul(index, HASH_MULTIPLIER) + (keys[0] as number)) >>> 0
  for (let round = 0; round < HASH_ROUNDS.length; round++) {
    if (round > 0) x = fold(x)
    // Beyond 2³² for a moment, which a number holds exactly.
    const factor = Math.imul(x, HASH_ROUNDS[round] as number) + 2 * (keys[round + 1] as number) + 1
    x = Math.imul(x, factor) >>> 0
  }
  return x
}

function fold(x: number): number {
  return (x + (x >>> HASH_FOLD)) >>> 0
}

const mask: InferenceRule = (node, inputs) => {
  const { dataType, shape } = required(node, inputs, 0)
  return [{ dataType, shape }]
}

export const DROPOUT_INFERENCE: InferenceRules = { DropoutMask: mask }
