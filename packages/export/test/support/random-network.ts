/**
 * Networks composed at random: each step picks a layer among those that fit the shape so far, with options drawn from the seed. A
 * step is a number, so that fast-check can leave steps out when it looks for the smallest network that fails.
 */
import { drawn } from './cases.js'
import { integer, pick, type Random, randomOf } from './random.js'
import { L, type Layer, type Model, on, type Symbolic, tfl } from './tfjs.js'

/** Draws layers for a tensor of this shape, the batch left out; undefined where the layer does not fit. */
type Draw = (random: Random, shape: readonly number[]) => Layer | undefined

const POINTWISE = [
  'relu',
  'relu6',
  'tanh',
  'sigmoid',
  'hardSigmoid',
  'elu',
  'selu',
  'softplus',
  'softsign',
  'swish',
  'mish',
  'gelu',
] as const
const padding = (random: Random): 'same' | 'valid' => pick(random, ['same', 'valid'] as const)
const activation = (random: Random): { activation?: 'relu' } =>
  random() < 0.5 ? {} : { activation: pick(random, POINTWISE) as 'relu' }

/** A kernel that fits into the lengths. */
function kernel(random: Random, lengths: readonly number[]): number[] {
  return lengths.map((length) => integer(random, 1, Math.min(3, length)))
}

/** Strides, or dilations where they fit: tfjs has no convolution with both. */
function steps(random: Random, lengths: readonly number[], size: readonly number[]): object {
  const dilates = random() < 0.25 && lengths.every((length, axis) => ((size[axis] ?? 1) - 1) * 2 < length)
  return dilates ? { dilationRate: lengths.map(() => 2) } : { strides: lengths.map(() => integer(random, 1, 2)) }
}

const recurrent = { recurrentInitializer: 'glorotNormal' } as const

const ANY_RANK: readonly Draw[] = [
  (random) => L.dense({ units: integer(random, 1, 6), useBias: random() < 0.8, ...activation(random) }),
  (random) => L.activation({ activation: pick(random, [...POINTWISE, 'softmax', 'logSoftmax']) as 'relu' }),
  (random) => L.batchNormalization({ center: random() < 0.8, scale: random() < 0.8 }),
  (random) => L.layerNormalization({ scale: random() < 0.8, epsilon: 0.01 }),
  (random) =>
    pick(random, [
      () => L.reLU({ maxValue: 1 }),
      () => L.leakyReLU({}),
      () => L.dropout({ rate: 0.5 }),
      () => L.prelu({}),
    ])(),
]

const VECTOR: readonly Draw[] = [
  ...ANY_RANK,
  (random) => L.repeatVector({ n: integer(random, 1, 4) }),
  (_, [length = 1]) => (length % 2 === 0 ? L.reshape({ targetShape: [2, length / 2] }) : undefined),
  (_, [length = 1]) => (length % 4 === 0 ? L.reshape({ targetShape: [2, 2, length / 4] }) : undefined),
]

const SEQUENCE: readonly Draw[] = [
  ...ANY_RANK,
  (random, [steps_ = 1]) => {
    const size = kernel(random, [steps_])
    return L.conv1d({
      filters: integer(random, 1, 4),
      kernelSize: size[0] ?? 1,
      padding: padding(random),
      strides: integer(random, 1, 2),
    })
  },
  (random, [length = 1]) =>
    length < 2
      ? undefined
      : pick(random, [L.maxPooling1d, L.averagePooling1d])({
          poolSize: 2,
          strides: integer(random, 1, 2),
          padding: padding(random),
        }),
  (random) => pick(random, [L.globalAveragePooling1d, L.globalMaxPooling1d])({}),
  (random) =>
    pick(random, [L.lstm, L.gru, L.simpleRNN])({
      units: integer(random, 1, 3),
      returnSequences: random() < 0.5,
      goBackwards: random() < 0.3,
      ...recurrent,
    }),
  (random) => L.timeDistributed({ layer: L.dense({ units: integer(random, 1, 4) }) }),
  () => L.flatten(),
  () => L.permute({ dims: [2, 1] }),
  (_, [length = 1, width = 1]) => L.reshape({ targetShape: [1, length, width] }),
]

const PICTURE: readonly Draw[] = [
  ...ANY_RANK,
  (random, [height = 1, width = 1]) => {
    const kernelSize = kernel(random, [height, width])
    const options = { filters: integer(random, 1, 4), kernelSize, padding: padding(random), useBias: random() < 0.7 }
    return L.conv2d({ ...options, ...activation(random), ...steps(random, [height, width], kernelSize) } as never)
  },
  (random, [, height = 1, width = 1]) =>
    L.conv2d({
      filters: integer(random, 1, 4),
      kernelSize: kernel(random, [height, width]) as [number, number],
      padding: padding(random),
      dataFormat: 'channelsFirst',
    }),
  (random, [height = 1, width = 1]) =>
    L.depthwiseConv2d({
      kernelSize: kernel(random, [height, width]) as [number, number],
      depthMultiplier: integer(random, 1, 2),
      strides: integer(random, 1, 2),
      padding: padding(random),
    }),
  (random, [height = 1, width = 1]) =>
    L.separableConv2d({
      filters: integer(random, 1, 4),
      kernelSize: kernel(random, [height, width]) as [number, number],
      padding: padding(random),
    }),
  (random, [height = 1, width = 1]) =>
    height * width > 36
      ? undefined
      : L.conv2dTranspose({
          filters: integer(random, 1, 3),
          kernelSize: [integer(random, 1, 3), integer(random, 1, 3)],
          strides: [integer(random, 1, 2), integer(random, 1, 2)],
          padding: padding(random),
        }),
  (random, [height = 1, width = 1]) =>
    Math.min(height, width) < 2
      ? undefined
      : pick(random, [L.maxPooling2d, L.averagePooling2d])({
          poolSize: kernel(random, [height, width]) as [number, number],
          strides: [integer(random, 1, 2), integer(random, 1, 2)],
          padding: padding(random),
        }),
  (random) => pick(random, [L.globalAveragePooling2d, L.globalMaxPooling2d])({}),
  (random) =>
    L.zeroPadding2d({
      padding: [
        [integer(random, 0, 2), integer(random, 0, 2)],
        [integer(random, 0, 2), integer(random, 0, 2)],
      ],
    }),
  (random, [height = 1, width = 1]) =>
    Math.min(height, width) < 3
      ? undefined
      : L.cropping2D({
          cropping: [
            [integer(random, 0, 1), integer(random, 0, 1)],
            [integer(random, 0, 1), integer(random, 0, 1)],
          ],
        }),
  (random, [height = 1, width = 1]) =>
    height * width > 36
      ? undefined
      : L.upSampling2d({
          size: [integer(random, 1, 2), integer(random, 1, 2)],
          // ONNX Runtime 1.30 moves the transpose of a Permute beyond a bilinear Resize, which it then refuses.
          interpolation: 'nearest',
        }),
  () => L.flatten(),
  (random) =>
    L.permute({
      dims: pick(random, [
        [3, 1, 2],
        [2, 1, 3],
        [2, 3, 1],
        [1, 3, 2],
      ]),
    }),
  (_, [height = 1, width = 1, channels = 1]) => L.reshape({ targetShape: [height * width, channels] }),
  (_, [height = 1, width = 1, channels = 1]) => L.reshape({ targetShape: [width, height, channels] }),
]

const BY_RANK: Readonly<Record<number, readonly Draw[]>> = { 1: VECTOR, 2: SEQUENCE, 3: PICTURE }

/** Elements of an example beyond which a network goes on from its pooled or flattened tensor. */
const MAX_ELEMENTS = 300

export interface NetworkPlan {
  readonly seed: number
  readonly rank: number
  /** Which layer each step picks. */
  readonly picks: readonly number[]
}

/** The network of a plan. */
export function networkOf({ seed, rank, picks }: NetworkPlan): Model {
  const random = randomOf(seed)
  const shape = Array.from({ length: rank }, () => integer(random, rank === 3 ? 3 : 2, rank === 3 ? 7 : 6))
  const input = tfl.input({ shape })
  const xs = [input]
  for (const choice of picks) {
    const x = xs.at(-1) as Symbolic
    const own = randomOf(seed ^ Math.imul(choice + 1, 0x9e3779b1) ^ xs.length)
    xs.push(choice % 7 === 6 ? merged(x, xs.slice(0, -1), own) : followed(x, choice, own))
  }
  return drawn(tfl.model({ inputs: input, outputs: xs.at(-1) as Symbolic, name: `random_${seed >>> 0}` }))
}

function sizes(x: Symbolic): number[] {
  return x.shape.slice(1) as number[]
}

function followed(x: Symbolic, choice: number, random: Random): Symbolic {
  const shape = sizes(x)
  const draws = BY_RANK[shape.length] ?? VECTOR
  if (shape.reduce((count, size) => count * size, 1) > MAX_ELEMENTS && shape.length > 1) {
    return on(shape.length === 3 ? L.maxPooling2d({ poolSize: 2, padding: 'same' }) : L.globalMaxPooling1d({}), x)
  }
  for (let shift = 0; ; shift++) {
    const layer = draws[(choice + shift) % draws.length]?.(random, shape)
    if (layer !== undefined) return on(layer, x)
  }
}

/** With an earlier tensor of the same shape, or with a branch of its own. */
function merged(x: Symbolic, earlier: readonly Symbolic[], random: Random): Symbolic {
  const equal = earlier.filter((candidate) => candidate.shape.join() === x.shape.join())
  const other = equal.length > 0 ? pick(random, equal) : on(L.activation({ activation: 'tanh' }), x)
  return on(pick(random, [L.add, L.multiply, L.average, L.maximum, L.minimum, L.concatenate])({}), [x, other])
}
