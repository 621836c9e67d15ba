/** A model as text: its head, a line for each node, the totals. */
import type { Attribute, Model, Node } from '../onnx/model.js'
import { modelSummary, type SummaryRow } from './summary.js'
import { countText, tableText } from './table.js'
import { dataTypeName, shapeText, typeText } from './types.js'

const COLUMNS = ['node', 'op', 'output', 'parameters', 'FLOPs', 'bytes', 'inputs', 'attributes'] as const

/**
 * The graph in lines. Shapes are inferred; FLOPs are for a batch of one, a multiplication and an addition counted as two; parameters
 * and bytes stand at the first node that uses them; `?` is what cannot be known.
 */
export function modelText(model: Model): string {
  const { graph } = model
  const { rows, totals } = modelSummary(model)
  const { nodes, parameters, flops, bytes, uncounted } = totals
  const cells = rows.map((row, index) => nodeCells(row, graph.nodes[index] as Node))
  const counted = uncounted === 0 ? '' : ` (${countText(uncounted)} nodes not counted)`
  return [
    ...headLines(model),
    '',
    ...tableText(COLUMNS, cells, new Set(['parameters', 'FLOPs', 'bytes'])),
    '',
    `${countText(nodes)} nodes, ${countText(parameters)} parameters, ${countText(flops)} FLOPs${counted}, ` +
      `${countText(bytes)} bytes of constants`,
  ]
    .map(printable)
    .join('\n')
}

function headLines({ graph, irVersion, opsets, producerName, producerVersion, metadata }: Model): string[] {
  const versions = Object.entries(opsets).map(([domain, version]) => `${domain === '' ? 'ai.onnx' : domain} ${version}`)
  const producer = [producerName, producerVersion].filter((text) => text !== '').join(' ')
  return [
    `model ${graph.name}: IR ${irVersion}, opset ${versions.join(', ')}${producer === '' ? '' : `, by ${producer}`}`,
    ...Object.entries(metadata).map(([key, value]) => `metadata ${key} = ${value}`),
    ...graph.inputs.map((info) => `input ${info.name}: ${typeText(info)}${denotationText(info.denotation)}`),
    ...graph.outputs.map((info) => `output ${info.name}: ${typeText(info)}${denotationText(info.denotation)}`),
  ]
}

function denotationText(denotation: string | undefined): string {
  return denotation === undefined ? '' : ` (${denotation})`
}

function nodeCells({ name, op, inputs, outputs, parameters, flops, bytes }: SummaryRow, node: Node): string[] {
  const outputTexts = outputs.map(({ name: output, dataType, shape }) => {
    if (shape === null || dataType === null) return `${output} ?`
    return `${output} ${dataType === 'float32' ? '' : dataType}${shapeText(shape)}`
  })
  return [
    name,
    op,
    outputTexts.join(', '),
    parameters === 0 ? '' : countText(parameters),
    flops === null ? '?' : flops === 0 ? '' : countText(flops),
    bytes === 0 ? '' : countText(bytes),
    inputs.map((input) => (input === '' ? '-' : input)).join(', '),
    Object.entries(node.attributes)
      .map(([key, attribute]) => `${key}=${attributeText(attribute)}`)
      .join(' '),
  ]
}

/** An attribute's value in a few characters. */
export function attributeText(attribute: Attribute): string {
  switch (attribute.type) {
    case 'TENSOR':
      return `${dataTypeName(attribute.value.dataType)}${shapeText(attribute.value.dims)}`
    case 'TENSORS':
      return `${attribute.value.length} tensors`
    case 'GRAPH':
      return `graph of ${attribute.value.nodes.length} nodes`
    case 'GRAPHS':
      return `${attribute.value.length} graphs`
    case 'INTS':
    case 'BIG_INTS':
    case 'FLOATS':
    case 'STRINGS':
      return shortened(`[${attribute.value.join(',')}]`)
    default:
      return shortened(String(attribute.value))
  }
}

function shortened(text: string): string {
  return text.length > 60 ? `${text.slice(0, 59)}…` : text
}

/** Names come from the file: a control character in one must not reach a terminal. */
function printable(line: string): string {
  return line.replace(/\p{Cc}+/gu, ' ')
}
