/** Attributes of a node read by name, with the specification's defaults given by the caller. */
import type { Node } from '../onnx/model.js'

export function intAttribute(node: Node, name: string, fallback: number): number {
  const attribute = node.attributes[name]
  if (attribute === undefined) return fallback
  if (attribute.type !== 'INT') throw wrongType(node, name, 'INT', attribute.type)
  return attribute.value
}

export function floatAttribute(node: Node, name: string, fallback: number): number {
  const attribute = node.attributes[name]
  if (attribute === undefined) return fallback
  if (attribute.type !== 'FLOAT') throw wrongType(node, name, 'FLOAT', attribute.type)
  return attribute.value
}

export function stringAttribute(node: Node, name: string, fallback: string): string {
  const attribute = node.attributes[name]
  if (attribute === undefined) return fallback
  if (attribute.type !== 'STRING') throw wrongType(node, name, 'STRING', attribute.type)
  return attribute.value
}

/** undefined where the attribute is absent. */
export function intsAttribute(node: Node, name: string): readonly number[] | undefined {
  const attribute = node.attributes[name]
  if (attribute === undefined) return undefined
  if (attribute.type !== 'INTS') throw wrongType(node, name, 'INTS', attribute.type)
  return attribute.value
}

function wrongType(node: Node, name: string, expected: string, found: string): Error {
  return new Error(`${node.opType} ${node.name}: attribute ${name}: expected ${expected}, found ${found}`)
}
