/**
 * What differs between two models, in lines: `-` only in the first, `+` only in the second, `~` in both and not the same. Nodes are
 * matched by name (by their first output where they have none), constants and values by name. The order of nodes does not matter.
 */
import { type Attribute, DataType, type Model, type Node, type Tensor, type ValueInfo } from '../onnx/model.js'
import { floatValues } from '../onnx/tensor.js'
import { opText } from './summary.js'
import { attributeText } from './text.js'
import { dataTypeName, shapeText, typeText } from './types.js'

/** Empty where the models are the same. */
export function diffModels(a: Model, b: Model): string[] {
  return [
    ...diffTexts('model', headOf(a), headOf(b)),
    ...diffTexts('opset', opsetsOf(a), opsetsOf(b)),
    ...diffTexts('metadata', textsOf(a.metadata), textsOf(b.metadata)),
    ...diffTexts('input', infoTexts(a.graph.inputs), infoTexts(b.graph.inputs)),
    ...diffTexts('output', infoTexts(a.graph.outputs), infoTexts(b.graph.outputs)),
    ...diffNamed(
      { kind: 'constant', text: (tensor: Tensor) => tensorText(tensor), changes: tensorChanges },
      byKey(a.graph.initializers, ({ name }) => name),
      byKey(b.graph.initializers, ({ name }) => name),
    ),
    ...diffNamed(
      { kind: 'node', text: nodeText, changes: nodeChanges },
      byKey(a.graph.nodes, nodeKey),
      byKey(b.graph.nodes, nodeKey),
    ),
  ].map((line) => line.replace(/\p{Cc}+/gu, ' '))
}

interface Comparison<T> {
  readonly kind: string
  /** What stands after the name of one that the other model lacks. */
  readonly text: (item: T) => string
  /** What differs between two of one name. */
  readonly changes: (a: T, b: T) => string[]
}

function diffNamed<T>(
  { kind, text, changes }: Comparison<T>,
  a: ReadonlyMap<string, T>,
  b: ReadonlyMap<string, T>,
): string[] {
  const lines: string[] = []
  for (const [name, item] of a) {
    const other = b.get(name)
    if (other === undefined) lines.push(`- ${kind} ${name}: ${text(item)}`)
    else for (const change of changes(item, other)) lines.push(`~ ${kind} ${name}: ${change}`)
  }
  for (const [name, item] of b) if (!a.has(name)) lines.push(`+ ${kind} ${name}: ${text(item)}`)
  return lines
}

function diffTexts(kind: string, a: ReadonlyMap<string, string>, b: ReadonlyMap<string, string>): string[] {
  return diffNamed({ kind, text: String, changes: (from, to) => changed('', from, to) }, a, b)
}

function changed(what: string, from: string, to: string): string[] {
  return from === to ? [] : [`${what}${from} → ${to}`]
}

function headOf({ irVersion, producerName, producerVersion, domain, modelVersion, docString, graph }: Model) {
  return textsOf({ irVersion, producerName, producerVersion, domain, modelVersion, docString, name: graph.name })
}

function opsetsOf({ opsets: { '': standard, ...others } }: Model): ReadonlyMap<string, string> {
  return textsOf({ ...(standard === undefined ? {} : { 'ai.onnx': standard }), ...others })
}

function textsOf(record: Readonly<Record<string, string | number>>): ReadonlyMap<string, string> {
  return new Map(Object.entries(record).map(([key, value]) => [key, String(value)]))
}

function infoTexts(infos: readonly ValueInfo[]): ReadonlyMap<string, string> {
  return new Map(infos.map((info) => [info.name, `${typeText(info)}${info.denotation ? ` ${info.denotation}` : ''}`]))
}

/** The second of two that have one key gets a number after it. */
function byKey<T>(items: readonly T[], key: (item: T) => string): ReadonlyMap<string, T> {
  const seen = new Map<string, number>()
  return new Map(
    items.map((item) => {
      const name = key(item)
      const count = (seen.get(name) ?? 0) + 1
      seen.set(name, count)
      return [count === 1 ? name : `${name} (${count})`, item]
    }),
  )
}

function nodeKey({ name, outputs }: Node): string {
  return name === '' ? `→ ${outputs[0] ?? ''}` : name
}

function nodeText(node: Node): string {
  return `${opText(node)} (${node.inputs.join(', ')}) → ${node.outputs.join(', ')}`
}

function nodeChanges(a: Node, b: Node): string[] {
  const keys = new Set([...Object.keys(a.attributes), ...Object.keys(b.attributes)])
  return [
    ...changed('', opText(a), opText(b)),
    ...changed('inputs ', a.inputs.join(', '), b.inputs.join(', ')),
    ...changed('outputs ', a.outputs.join(', '), b.outputs.join(', ')),
    ...[...keys].flatMap((key) => attributeChanges(key, a.attributes[key], b.attributes[key])),
  ]
}

function attributeChanges(key: string, a: Attribute | undefined, b: Attribute | undefined): string[] {
  if (a?.type === 'TENSOR' && b?.type === 'TENSOR') {
    return tensorChanges(a.value, b.value).map((change) => `${key}: ${change}`)
  }
  if (a?.type === 'GRAPH' && b?.type === 'GRAPH') {
    const model = { irVersion: 0, opsets: {}, producerName: '', producerVersion: '', domain: '', modelVersion: 0 }
    const [from, to] = [a.value, b.value].map((graph) => ({ ...model, docString: '', metadata: {}, graph }))
    return diffModels(from as Model, to as Model).map((line) => `${key}: ${line}`)
  }
  const [from, to] = [a, b].map((attribute) => (attribute === undefined ? 'none' : attributeText(attribute)))
  if (from !== to) return [`${key} ${from} → ${to}`]
  return JSON.stringify(a, withoutBigInts) === JSON.stringify(b, withoutBigInts) ? [] : [`${key}: other values`]
}

function withoutBigInts(_: string, value: unknown): unknown {
  return typeof value === 'bigint' ? `${value}n` : value
}

function tensorText({ dataType, dims }: Tensor): string {
  return `${dataTypeName(dataType)} ${shapeText(dims)}`
}

function tensorChanges(a: Tensor, b: Tensor): string[] {
  const types = changed('', tensorText(a), tensorText(b))
  if (types.length > 0) return types
  if (a.strings !== undefined || b.strings !== undefined) {
    return (a.strings ?? []).every((text, index) => text === b.strings?.[index]) ? [] : ['other strings']
  }
  let different = 0
  for (let index = 0; index < a.data.length; index++) if (a.data[index] !== b.data[index]) different++
  if (different === 0) return []
  return [a.dataType === DataType.FLOAT ? floatChange(floatValues(a), floatValues(b)) : 'other values']
}

function floatChange(a: Float32Array, b: Float32Array): string {
  let count = 0
  let largest = 0
  for (const [index, value] of a.entries()) {
    const other = b[index] as number
    if (Object.is(value, other)) continue
    count++
    const difference = Math.abs(value - other)
    if (!(difference <= largest)) largest = difference
  }
  return `${count.toLocaleString('en-US')} of ${a.length.toLocaleString('en-US')} values differ, by up to ${largest.toPrecision(3)}`
}
