/**
 * A mend for ONNX Runtime's WebGPU provider, as of 1.30 (microsoft/onnxruntime#29651). Where a convolution's input channels are a multiple of
 * three and not of four, but not three themselves, and its filters a multiple of four, its kernel takes the channels by threes and computes
 * something else: LeNet-5's second convolution, of 6 channels and 16 filters. Channels of zeros up to the next multiple of four, in the input
 * and in the kernel, change no sum, and have it take them by fours.
 */
import { decodeModel, encodeModel, int64Tensor, type Model, type Node, type Tensor } from 'mnist-export'

/** Since then the lengths of a Pad are an input. */
const PAD_OPSET = 11

/** What hands on a tensor of the same shape. */
const SHAPE_KEEPING: ReadonlySet<string> = new Set(['DequantizeLinear', 'Cast', 'Identity'])

/** The bytes of a model that WebGPU computes rightly: these very bytes where they are such, or are no model that can be read here. */
export function mendedForWebGpu(bytes: Uint8Array): Uint8Array {
  let model: Model
  try {
    model = decodeModel(bytes, 'the model')
  } catch {
    // The runtime says what is wrong with it.
    return bytes
  }
  const mended = withWholeVectors(model)
  return mended === model ? bytes : encodeModel(mended)
}

function withWholeVectors(model: Model): Model {
  if ((model.opsets[''] ?? 0) < PAD_OPSET) return model
  const { graph } = model
  const shapes = new Map(graph.initializers.map(({ name, dims }) => [name, dims]))
  for (const { opType, domain, inputs, outputs } of graph.nodes) {
    const shape = shapes.get(inputs[0] ?? '')
    if (domain === '' && SHAPE_KEEPING.has(opType) && shape !== undefined) shapes.set(outputs[0] ?? '', shape)
  }
  const lengths: Tensor[] = []
  const nodes = graph.nodes.flatMap((node) => {
    const missing = missingChannels(node, shapes.get(node.inputs[1] ?? ''))
    if (missing === undefined) return [node]
    const [data = '', kernel = '', ...rest] = node.inputs
    const rank = (shapes.get(kernel) as readonly number[]).length
    const padded = [data, kernel].map((name) => `${name}/channels for ${node.outputs[0]}`)
    const by = `${node.outputs[0]}/channels`
    lengths.push(int64Tensor(by, [2 * rank], channelPads(rank, missing)))
    return [pad(data, by, padded[0]), pad(kernel, by, padded[1]), { ...node, inputs: [...padded, ...rest] }]
  })
  if (lengths.length === 0) return model
  return { ...model, graph: { ...graph, nodes, initializers: [...graph.initializers, ...lengths] } }
}

/** Undefined where the convolution is computed rightly. @param kernel [filters, channels, …] */
function missingChannels(node: Node, kernel: readonly number[] | undefined): number | undefined {
  if (node.opType !== 'Conv' || node.domain !== '' || kernel === undefined) return undefined
  const { group } = node.attributes
  const [filters = 0, channels = 0] = kernel
  const isGrouped = group?.type === 'INT' && group.value !== 1
  if (isGrouped || filters % 4 !== 0 || channels % 3 !== 0 || channels % 4 === 0 || channels === 3) return undefined
  return 4 - (channels % 4)
}

/** Pad's lengths: those at the begins of all axes, then those at the ends. */
function channelPads(rank: number, count: number): readonly number[] {
  return Array.from({ length: 2 * rank }, (_, index) => (index === rank + 1 ? count : 0))
}

function pad(data: string, lengths: string, output = ''): Node {
  return { name: output, opType: 'Pad', domain: '', inputs: [data, lengths], outputs: [output], attributes: {} }
}
