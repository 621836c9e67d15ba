/** Dropout's mask in standard operators: the hash of `../dropout.ts` over the elements' indices. */
import type { GraphBuilder, Value } from '../../graph/builder.js'
import { add, cast, mul, range, reshape, shapeOf, split } from '../../graph/ops/index.js'
import { DataType } from '../../onnx/model.js'
import { int64Tensor, tensor } from '../../onnx/tensor.js'
import { dropoutLayerOf, dropThreshold, HASH_FOLD, HASH_MULTIPLIER, HASH_ROUNDS, keptScale } from '../dropout.js'
import type { ExpansionRule } from '../rebuild.js'
import { operand } from '../rule.js'

export const dropoutMask: ExpansionRule = (expansion) => {
  const { g, node } = expansion
  const x = operand(expansion, 0)
  const { layer, ratio } = dropoutLayerOf(node)
  const keys = layerKeys(g, operand(expansion, 1), layer)
  const shape = shapeOf(g, x)
  const count = product(g, shape)
  const firstRow = expansion.inputs[2]
  const first =
    firstRow === undefined
      ? g.constant(int64Tensor('zero', [], [0]))
      : mul(g, firstRow, product(g, shapeOf(g, x, { start: 1 })))
  const end = firstRow === undefined ? count : add(g, first, count)
  const indices = range(g, first, end, g.constant(int64Tensor('one', [], [1])))
  const hashed = hash(g, cast(g, indices, DataType.UINT32), keys)
  const kept = g.op('GreaterOrEqual', [hashed, unsigned(g, dropThreshold(ratio))])
  const scaled = mul(g, cast(g, kept, DataType.FLOAT), g.scalar(keptScale(ratio), 'kept_scale'))
  return reshape(g, scaled, shape)
}

const product = (g: GraphBuilder, lengths: Value): Value =>
  g.op('ReduceProd', [lengths], { attributes: { keepdims: { type: 'INT', value: 0 } } })

/** The four keys, UINT32 [1] each; see `layerKeys` in `../dropout.ts`. */
function layerKeys(g: GraphBuilder, seed: Value, layer: number): readonly Value[] {
  const bits = cast(g, seed, DataType.UINT64)
  const low = cast(g, lowBits(g, bits), DataType.UINT32)
  const high = cast(g, shiftedRight(g, bits, unsigned64(g, 32)), DataType.UINT32)
  const indices = g.constant(tensor('key_indices', DataType.UINT32, [4], Uint32Array.of(0, 1, 2, 3)))
  const hashed = hash(g, indices, [low, high, unsigned(g, layer), unsigned(g, 0)])
  return split(g, fold(g, hashed), [1, 1, 1, 1])
}

/** Only the lower half, so that the cast to 32 bits has nothing to cut off: what a cast does then, runtimes differ in. */
function lowBits(g: GraphBuilder, bits: Value): Value {
  const places = unsigned64(g, 32)
  const raised = g.op('BitShift', [bits, places], { attributes: { direction: { type: 'STRING', value: 'LEFT' } } })
  return shiftedRight(g, raised, places)
}

function hash(g: GraphBuilder, index: Value, [start, ...keys]: readonly Value[]): Value {
  const one = unsigned(g, 1)
  return HASH_ROUNDS.reduce(
    (state, factor, round) => {
      const x = round === 0 ? state : fold(g, state)
      const key = keys[round] as Value
      const odd = add(g, add(g, key, key), one)
      return mul(g, x, add(g, mul(g, x, unsigned(g, factor)), odd))
    },
    add(g, mul(g, index, unsigned(g, HASH_MULTIPLIER)), start as Value),
  )
}

function fold(g: GraphBuilder, x: Value): Value {
  return add(g, x, shiftedRight(g, x, unsigned(g, HASH_FOLD)))
}

function shiftedRight(g: GraphBuilder, x: Value, places: Value): Value {
  return g.op('BitShift', [x, places], { attributes: { direction: { type: 'STRING', value: 'RIGHT' } } })
}

function unsigned(g: GraphBuilder, value: number): Value {
  return g.constant(tensor('uint32', DataType.UINT32, [], Uint32Array.of(value)))
}

function unsigned64(g: GraphBuilder, value: number): Value {
  return g.constant(tensor('uint64', DataType.UINT64, [], BigUint64Array.of(BigInt(value))))
}
