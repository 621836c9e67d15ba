/** What inference rules ask of a node's inputs. */
import { DataType, type Dimension, type Node } from '../../onnx/model.js'
import { int64Values } from '../../onnx/tensor.js'
import type { TypedShape } from '../shape-inference.js'

/** The input at `index`, which the specification requires. */
export function required(node: Node, inputs: readonly (TypedShape | undefined)[], index: number): TypedShape {
  const input = inputs[index]
  if (input === undefined) throw new Error(`${node.opType} ${node.name}: expected an input ${index}, found none`)
  return input
}

/** The integers of an input that must be constant: axes, pads, a target shape. undefined where it is left out. */
export function constantInts(
  node: Node,
  inputs: readonly (TypedShape | undefined)[],
  index: number,
): number[] | undefined {
  const input = inputs[index]
  if (input === undefined) return undefined
  if (input.constant === undefined) throw notConstant(node, index)
  return int64Values(input.constant)
}

/** The elements of a vector or scalar of integers, by value or by name; undefined where nothing is known of them. */
export function elementsOf({ dataType, shape, constant, elements }: TypedShape): readonly Dimension[] | undefined {
  if (elements !== undefined) return elements
  return constant !== undefined && dataType === DataType.INT64 && shape.length <= 1 ? int64Values(constant) : undefined
}

export function notConstant(node: Node, index: number): Error {
  return new Error(
    `${node.opType} ${node.name}: expected input ${index} to be constant, found one computed at run time`,
  )
}
