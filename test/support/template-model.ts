/** A small digit model without training: the nearest of ten mean pictures of generated digits. */
import { DataType, encodeModel, floatTensor, type ValueInfo } from 'mnist-export'
import { GraphBuilder, ops } from 'mnist-export/graph'
import { generateDigits } from 'mnist-infer/mnist'

const PIXELS = 784

export interface TemplateOptions {
  /** The input's declaration instead of `image` FLOAT [batch, 1, 28, 28]. */
  readonly input?: Partial<ValueInfo>
  /** Which outputs the model has, and under which names. */
  readonly outputs?: readonly string[]
  readonly metadata?: Readonly<Record<string, string>>
}

/**
 * The bytes of the model: logits |x - mean_c|² up to a term that is the same for all classes, -½ so that its softmax is a
 * Gaussian's: x · mean_c - ½ |mean_c|².
 */
export function templateModel({
  input = {},
  outputs = ['logits', 'probabilities'],
  metadata = {},
}: TemplateOptions = {}): Uint8Array {
  templates ??= meanPictures()
  const { weights, biases } = templates
  const g = new GraphBuilder('template')
  const image = g.input({ name: 'image', dataType: DataType.FLOAT, shape: ['batch', 1, 28, 28], ...input })
  const flat = ops.flatten(g, image)
  const w = g.initializer(floatTensor('means', [10, PIXELS], weights))
  const b = g.initializer(floatTensor('biases', [10], biases))
  const [logits, probabilities] = outputs
  const scores = g.op('Gemm', [flat, w, b], {
    attributes: { transB: { type: 'INT', value: 1 } },
    outputs: [logits ?? 'logits'],
  })
  g.output(scores)
  if (probabilities !== undefined) g.output(g.op('Softmax', [scores], { outputs: [probabilities] }))
  return encodeModel({
    irVersion: 8,
    opsets: { '': 17 },
    producerName: 'test',
    producerVersion: '',
    domain: '',
    modelVersion: 1,
    docString: '',
    graph: g.graph(),
    metadata,
  })
}

let templates: ReturnType<typeof meanPictures> | undefined

function meanPictures(): { weights: Float32Array; biases: Float32Array } {
  const { images, labels, count } = generateDigits({ count: 2000, seed: 11 })
  const weights = new Float32Array(10 * PIXELS)
  for (let index = 0; index < count * PIXELS; index++) {
    const place = (labels[Math.floor(index / PIXELS)] as number) * PIXELS + (index % PIXELS)
    weights[place] = (weights[place] as number) + (images[index] as number) / 255 / (count / 10)
  }
  const biases = Float32Array.from({ length: 10 }, (_, digit) => {
    const mean = weights.subarray(digit * PIXELS, (digit + 1) * PIXELS)
    return -mean.reduce((sum, value) => sum + value * value, 0) / 2
  })
  return { weights, biases }
}
