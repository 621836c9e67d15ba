/**
 * 8-bit weights and activations: every operator of `activations.ts` between DequantizeLinear and QuantizeLinear, which runtimes fuse into
 * one of integers. Activations are UINT8 by ranges given, weights INT8 by channel, biases INT32 at the scale of their products.
 */
import { floatAttribute } from '../graph/attributes.js'
import { valueTypes } from '../inspect/types.js'
import { DataType, type Graph, type Node, type Tensor } from '../onnx/model.js'
import { floatTensor, floatValues, tensor } from '../onnx/tensor.js'
import { quantizedActivations } from './activations.js'
import type { Ranges } from './calibration.js'
import { type Grid, gridOf, scaleOf, throughGrid } from './grid.js'
import { storedChannels } from './int8-weights.js'
import type { Names } from './names.js'
import { type Stored, withoutUnused, withStored } from './rewrite.js'
import { constantsOf, weightsOf } from './weights.js'

/**
 * 7 bits: processors with AVX2 or AVX-512 and no VNNI add two products of UINT8 and INT8 in 16 bits, which saturate at 32,767. 2 · 255 ·
 * 63 = 32,130 does not, so that the file gives the same answers on all of them.
 */
const WEIGHT_LIMIT = 63

/** @throws UserError INPUT where `ranges` lacks an activation. */
export function int8Static(graph: Graph, { names, ranges }: { names: Names; ranges: Ranges }): Graph {
  const activations = quantizedActivations(graph, valueTypes(graph))
  const grids = gridsOf(activations.ranges, { names, ranges })
  const integer = graph.nodes.filter((node) => activations.nodes.has(node))
  const weights = storedWeights(graph, { integer, names })
  const constants = constantsOf(graph)
  const biases: Tensor[] = []
  const rounded = new Map<string, string>()
  const nodes: Node[] = []
  const quantize = (value: string): void => {
    const grid = grids.get(value)
    if (grid === undefined) return
    const through = throughGrid(value, grid, names)
    nodes.push(...through.nodes)
    rounded.set(value, through.output)
  }
  for (const { name } of graph.inputs) quantize(name)
  for (const node of graph.nodes) {
    const [input = '', weight = '', bias = ''] = node.inputs
    const inputs = node.inputs.map((name) => rounded.get(name) ?? name)
    const stored = storedBias(node, {
      bias: constants.get(bias),
      input: activations.nodes.has(node) ? grids.get(input) : undefined,
      weightScales: weights.get(weight)?.scales,
      names,
    })
    if (stored !== undefined) {
      biases.push(...stored.initializers)
      nodes.push(...stored.nodes)
      inputs[2] = stored.nodes[0]?.outputs[0] as string
    }
    nodes.push({ ...node, inputs })
    for (const output of node.outputs) quantize(output)
  }
  const shared = new Set([...grids.values()].flatMap(({ scale, zero }) => [scale, zero]))
  const initializers = [...graph.initializers, ...shared, ...biases]
  return withoutUnused(withStored({ ...graph, nodes, initializers }, weights))
}

/** Value → its grid; one that is moved from another has that one's. */
function gridsOf(
  sources: ReadonlyMap<string, string>,
  options: { names: Names; ranges: Ranges },
): ReadonlyMap<string, Grid> {
  const grids = new Map([...new Set(sources.values())].map((source) => [source, gridOf(source, options)]))
  return new Map([...sources].map(([value, source]) => [value, grids.get(source) as Grid]))
}

/** Of the integer nodes, whatever their size: a float weight would make the node float. */
function storedWeights(graph: Graph, { integer, names }: { integer: readonly Node[]; names: Names }) {
  const taken = new Set(integer.flatMap(({ inputs }) => inputs))
  const weights = [...weightsOf(graph)].filter(([name]) => taken.has(name))
  return new Map(weights.map(([name, weight]) => [name, storedChannels(weight, { names, limit: WEIGHT_LIMIT })]))
}

interface BiasOptions {
  readonly bias: Tensor | undefined
  readonly input: Grid | undefined
  /** FLOAT [channels] */
  readonly weightScales: Tensor | undefined
  readonly names: Names
}

/** b → DequantizeLinear(INT32, input's scale · weight's scale of the channel): the grid on which products are added up. */
function storedBias(node: Node, { bias, input, weightScales, names }: BiasOptions): Stored | undefined {
  if (bias === undefined || input === undefined || weightScales === undefined) return undefined
  const isPlain = floatAttribute(node, 'alpha', 1) === 1 && floatAttribute(node, 'beta', 1) === 1
  if (!isPlain || bias.dims.length !== 1 || bias.dims[0] !== weightScales.dims[0]) return undefined
  const inputScale = scaleOf(input)
  const scales = floatValues(weightScales).map((scale) => scale * inputScale)
  const levels = floatValues(bias).map((value, channel) => Math.round(value / (scales[channel] as number)))
  // A bias beyond what 32 bits hold stays float.
  if (levels.some((level) => !(Math.abs(level) < 2 ** 30))) return undefined
  const values = tensor(names.add(`${bias.name}.int32`), DataType.INT32, bias.dims, Int32Array.from(levels))
  const scale = floatTensor(names.add(`${bias.name}.scale`), bias.dims, scales)
  return {
    initializers: [values, scale],
    nodes: [
      {
        name: names.add(`${bias.name}/DequantizeLinear`),
        opType: 'DequantizeLinear',
        domain: '',
        inputs: [values.name, scale.name],
        outputs: [names.add(`${bias.name}.rounded`)],
        attributes: { axis: { type: 'INT', value: 0 } },
      },
    ],
  }
}
