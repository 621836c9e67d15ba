/**
 * Ops that move elements about, and ops that compute shapes. What a shape computation yields is followed symbolically
 * (`elements`), so that Reshape(x, Concat(Shape(x)[0], -1)) has the shape [batch, …].
 */
import { DataType, type Dimension, type Node, type Shape } from '../../onnx/model.js'
import { intAttribute, intsAttribute, stringAttribute } from '../attributes.js'
import { added, broadcast, factors, mapped, multiplied, normalAxis } from '../dimension.js'
import type { InferenceRule, InferenceRules, TypedShape } from '../shape-inference.js'
import { constantInts, elementsOf, required } from './expect.js'

/** 0 keeps a dimension, -1 takes what is left. */
const reshape: InferenceRule = (node, inputs) => {
  const x = required(node, inputs, 0)
  const target = elementsOf(required(node, inputs, 1)) ?? unknownElements(node, required(node, inputs, 1))
  const keepZero = intAttribute(node, 'allowzero', 0) === 0
  const given = target.map((dim, axis) => (dim === 0 && keepZero ? (x.shape[axis] ?? 0) : dim))
  const open = given.indexOf(-1)
  if (open === -1) {
    checkSameSize(node, x.shape, given)
    return [{ ...passedOn(x), dataType: x.dataType, shape: given }]
  }
  const rest = given.filter((_, axis) => axis !== open)
  return [{ ...passedOn(x), dataType: x.dataType, shape: given.with(open, quotient(node, x.shape, rest)) }]
}

/** What is left of `shape` beside `rest`: names on both sides cancel, then the known lengths divide. */
function quotient(node: Node, shape: Shape, rest: Shape): Dimension {
  const [whole, part] = [factors(shape), factors(rest)]
  const names = [...whole.names]
  const unmatched: string[] = []
  for (const name of part.names) {
    const at = names.indexOf(name)
    if (at === -1) unmatched.push(name)
    else names.splice(at, 1)
  }
  const known = whole.known / part.known
  if (unmatched.length > 0) return `${multiplied([...names, known])}/${unmatched.join('/')}`
  if (Number.isInteger(known)) return multiplied([...names, known])
  if (names.length > 0) return `${multiplied([...names, whole.known])}/${part.known}`
  throw new Error(`Reshape ${node.name}: [${shape.join(', ')}] does not divide into [${rest.join(', ')}, -1]`)
}

function checkSameSize(node: Node, from: Shape, to: Shape): void {
  const [a, b] = [multiplied(from), multiplied(to)]
  if (typeof a === 'number' && typeof b === 'number' && a !== b) {
    throw new Error(`Reshape ${node.name}: [${from.join(', ')}] has ${a} elements, [${to.join(', ')}] has ${b}`)
  }
}

/** The rank is known even where no element is. */
function unknownElements(node: Node, { shape }: TypedShape): Dimension[] {
  const [rank] = shape
  if (typeof rank !== 'number')
    throw new Error(`${node.opType} ${node.name}: expected a shape of known rank, found ${rank}`)
  return Array.from({ length: rank }, (_, axis) => `${node.name}.${axis}`)
}

/** A reshaped vector of shape elements is still one. */
function passedOn(x: TypedShape): { elements?: readonly Dimension[] } {
  const elements = elementsOf(x)
  return elements === undefined ? {} : { elements }
}

const flatten: InferenceRule = (node, inputs) => {
  const { dataType, shape } = required(node, inputs, 0)
  const given = intAttribute(node, 'axis', 1)
  const axis = given < 0 ? given + shape.length : given
  return [{ dataType, shape: [multiplied(shape.slice(0, axis)), multiplied(shape.slice(axis))] }]
}

const transpose: InferenceRule = (node, inputs) => {
  const { dataType, shape } = required(node, inputs, 0)
  const perm = intsAttribute(node, 'perm') ?? shape.map((_, axis) => shape.length - 1 - axis)
  if (perm.length !== shape.length || new Set(perm).size !== perm.length) {
    throw new Error(
      `Transpose ${node.name}: expected a permutation of ${shape.length} axes, found [${perm.join(', ')}]`,
    )
  }
  return [{ dataType, shape: perm.map((axis) => shape[normalAxis(axis, shape.length)] as Dimension) }]
}

/** Opset 13: pads [begin…, end…] as an input. */
const pad: InferenceRule = (node, inputs) => {
  const { dataType, shape } = required(node, inputs, 0)
  const pads = elementsOf(required(node, inputs, 1))
  const padded = (dim: Dimension, axis: number): Dimension =>
    pads === undefined ? `${node.name}.${axis}` : added([dim, pads[axis] ?? 0, pads[axis + shape.length] ?? 0])
  return [{ dataType, shape: shape.map(padded) }]
}

const slice: InferenceRule = (node, inputs) => {
  const x = required(node, inputs, 0)
  const starts = constantInts(node, inputs, 1) ?? []
  const ends = constantInts(node, inputs, 2) ?? []
  const axes = constantInts(node, inputs, 3) ?? starts.map((_, axis) => axis)
  const steps = constantInts(node, inputs, 4) ?? starts.map(() => 1)
  const shape = [...x.shape]
  let elements = elementsOf(x)
  for (const [index, given] of axes.entries()) {
    const axis = normalAxis(given, shape.length)
    const [start = 0, end = 0, step = 1] = [starts[index], ends[index], steps[index]]
    const dim = x.shape[axis] as Dimension
    shape[axis] = slicedLength(dim, start, end, step)
    if (typeof dim === 'number' && elements !== undefined) elements = picked(elements, dim, { start, end, step })
  }
  return [{ dataType: x.dataType, shape, ...(elements === undefined ? {} : { elements }) }]
}

function slicedLength(dim: Dimension, start: number, end: number, step: number): Dimension {
  if (typeof dim === 'number') return sliceIndices(dim, { start, end, step }).length
  const whole = start === 0 && end >= 2 ** 31 - 1 && step === 1
  const reversed = start === -1 && end <= 1 - 2 ** 31 && step === -1
  if (whole || reversed) return dim
  return start >= 0 && end < 0 && step === 1 ? added([dim, end - start]) : `${dim}[${start}:${end}:${step}]`
}

export interface SliceRange {
  readonly start: number
  readonly end: number
  readonly step: number
}

/** The indices that a slice takes, clamped as the specification says. */
export function sliceIndices(length: number, { start, end, step }: SliceRange): number[] {
  const clamp = (value: number, low: number, high: number): number => Math.min(Math.max(value, low), high)
  const from = clamp(start < 0 ? start + length : start, step > 0 ? 0 : 0, step > 0 ? length : length - 1)
  const to = clamp(end < 0 ? end + length : end, step > 0 ? 0 : -1, length)
  const count = Math.max(0, Math.ceil((to - from) / step))
  return Array.from({ length: count }, (_, index) => from + index * step)
}

function picked(elements: readonly Dimension[], length: number, range: SliceRange): readonly Dimension[] {
  return sliceIndices(length, range).map((index) => elements[index] as Dimension)
}

const concat: InferenceRule = (node, inputs) => {
  const parts = inputs.map((_, index) => required(node, inputs, index))
  const first = required(node, inputs, 0)
  const axis = normalAxis(intAttribute(node, 'axis', 0), first.shape.length)
  const shape = first.shape.with(axis, added(parts.map((part) => part.shape[axis] as Dimension)))
  const elements = parts.map(elementsOf)
  if (elements.every((list) => list === undefined)) return [{ dataType: first.dataType, shape }]
  // What is not known of a part of known length gets a name, so that what is known of the others is not lost.
  const named = parts.map(({ shape: [length] }, part) =>
    typeof length === 'number' ? Array.from({ length }, (_, index) => `${node.name}.${part}.${index}`) : undefined,
  )
  const all = elements.map((list, part) => list ?? named[part])
  return all.every((list) => list !== undefined)
    ? [{ dataType: first.dataType, shape, elements: all.flat() }]
    : [{ dataType: first.dataType, shape }]
}

const split: InferenceRule = (node, inputs) => {
  const { dataType, shape } = required(node, inputs, 0)
  const axis = normalAxis(intAttribute(node, 'axis', 0), shape.length)
  const count = node.outputs.length
  const lengths = constantInts(node, inputs, 1) ?? Array(count).fill((shape[axis] as number) / count)
  return lengths.map((length) => ({ dataType, shape: shape.with(axis, length) }))
}

const squeeze: InferenceRule = (node, inputs) => {
  const x = required(node, inputs, 0)
  const axes = constantInts(node, inputs, 1)?.map((axis) => normalAxis(axis, x.shape.length))
  const shape = x.shape.filter((dim, axis) => (axes === undefined ? dim !== 1 : !axes.includes(axis)))
  return [{ ...passedOn(x), dataType: x.dataType, shape }]
}

const unsqueeze: InferenceRule = (node, inputs) => {
  const x = required(node, inputs, 0)
  const given = constantInts(node, inputs, 1) ?? []
  const rank = x.shape.length + given.length
  const axes = given.map((axis) => normalAxis(axis, rank))
  const rest = [...x.shape]
  const shape = Array.from({ length: rank }, (_, axis) => (axes.includes(axis) ? 1 : (rest.shift() as Dimension)))
  return [{ ...passedOn(x), dataType: x.dataType, shape }]
}

const expand: InferenceRule = (node, inputs) => {
  const { dataType, shape } = required(node, inputs, 0)
  const target = elementsOf(required(node, inputs, 1)) ?? unknownElements(node, required(node, inputs, 1))
  return [{ dataType, shape: broadcast(shape, target) }]
}

const tile: InferenceRule = (node, inputs) => {
  const { dataType, shape } = required(node, inputs, 0)
  const repeats = constantInts(node, inputs, 1) ?? []
  return [{ dataType, shape: shape.map((dim, axis) => multiplied([dim, repeats[axis] ?? 1])) }]
}

const shapeOf: InferenceRule = (node, inputs) => {
  const { shape } = required(node, inputs, 0)
  const elements = shape.slice(intAttribute(node, 'start', 0), intAttribute(node, 'end', shape.length))
  return [{ dataType: DataType.INT64, shape: [elements.length], elements }]
}

const size: InferenceRule = (node, inputs) => {
  const { shape } = required(node, inputs, 0)
  return [{ dataType: DataType.INT64, shape: [], elements: [multiplied(shape)] }]
}

const constant: InferenceRule = (node) => {
  const value = node.attributes.value
  if (value?.type !== 'TENSOR') throw new Error(`Constant ${node.name}: expected the attribute value, found none`)
  return [{ dataType: value.value.dataType, shape: value.value.dims, constant: value.value }]
}

const constantOfShape: InferenceRule = (node, inputs) => {
  const target = required(node, inputs, 0)
  const value = node.attributes.value
  const dataType = value?.type === 'TENSOR' ? value.value.dataType : DataType.FLOAT
  return [{ dataType, shape: elementsOf(target) ?? unknownElements(node, target) }]
}

/** X, roi, scales, sizes: one of the last two. */
const resize: InferenceRule = (node, inputs) => {
  const { dataType, shape } = required(node, inputs, 0)
  if (inputs[3] !== undefined) {
    const sizes = elementsOf(inputs[3]) ?? unknownElements(node, inputs[3])
    return [{ dataType, shape: shape.map((dim, axis) => (sizes[axis] === 0 ? dim : (sizes[axis] as Dimension))) }]
  }
  const scales = inputs[2]?.constant
  if (scales === undefined) throw new Error(`Resize ${node.name}: expected constant scales or sizes, found neither`)
  const values = new Float32Array(scales.data.slice().buffer)
  return [
    {
      dataType,
      shape: shape.map((dim, axis) => {
        const scale = values[axis] as number
        return scale === 1
          ? dim
          : mapped(
              dim,
              (length) => Math.floor(length * scale),
              (name) => `${name}*${scale}`,
            )
      }),
    },
  ]
}

/** A range's length is known where its ends are; otherwise it is named after its end. */
const range: InferenceRule = (node, inputs) => {
  const { dataType } = required(node, inputs, 0)
  const [start, limit, delta] = [0, 1, 2].map((index) => elementsOf(required(node, inputs, index))?.[0])
  if (typeof start === 'number' && typeof limit === 'number' && typeof delta === 'number') {
    return [{ dataType, shape: [Math.max(0, Math.ceil((limit - start) / delta))] }]
  }
  return [{ dataType, shape: [start === 0 && delta === 1 && limit !== undefined ? limit : `${node.name}.length`] }]
}

const depthToSpace: InferenceRule = (node, inputs) => {
  const { dataType, shape } = required(node, inputs, 0)
  const block = intAttribute(node, 'blocksize', 1)
  const [n, c, h, w] = shape as [Dimension, number, Dimension, Dimension]
  stringAttribute(node, 'mode', 'DCR')
  return [{ dataType, shape: [n, c / block ** 2, multiplied([h, block]), multiplied([w, block])] }]
}

const spaceToDepth: InferenceRule = (node, inputs) => {
  const { dataType, shape } = required(node, inputs, 0)
  const block = intAttribute(node, 'blocksize', 1)
  const part = (dim: Dimension): Dimension =>
    mapped(
      dim,
      (length) => length / block,
      (name) => `${name}/${block}`,
    )
  const [n, c, h, w] = shape as [Dimension, number, Dimension, Dimension]
  return [{ dataType, shape: [n, c * block ** 2, part(h), part(w)] }]
}

export const SHAPE_RULES: InferenceRules = {
  Concat: concat,
  Constant: constant,
  ConstantOfShape: constantOfShape,
  DepthToSpace: depthToSpace,
  Expand: expand,
  Flatten: flatten,
  Pad: pad,
  Range: range,
  Reshape: reshape,
  Resize: resize,
  Shape: shapeOf,
  Size: size,
  Slice: slice,
  SpaceToDepth: spaceToDepth,
  Split: split,
  Squeeze: squeeze,
  Tile: tile,
  Transpose: transpose,
  Unsqueeze: unsqueeze,
}
