/**
 * What a file must be to classify digits, read from the graph's own declarations: input `image` FLOAT [batch, 1, 28, 28], outputs
 * `probabilities` or `logits` FLOAT [batch, 10]; and what its metadata say of the pictures (`mnist.input`).
 */
import { UserError } from 'mnist-export/errors'
import { DataType, DIGIT_INPUT, decodeModel, type Model, type ValueInfo, weightCount } from 'mnist-export/reader'
import { LEAST_PROBABILITY } from './decide.js'

export { type Decision, decide, type Guess } from './decide.js'

/** A digit model, without its weights. */
export interface DigitModel {
  /** Batch size that the graph is fixed to; undefined where it takes any. */
  readonly batch: number | undefined
  /** The output that answers are read from. */
  readonly output: 'probabilities' | 'logits'
  /** Values of full ink and of bare paper in the input. */
  readonly range: { readonly ink: number; readonly paper: number }
  /** Of an answer; what no digit reaches is no digit (`decide`). */
  readonly leastProbability: number
  readonly metadata: Readonly<Record<string, string>>
  readonly inputs: readonly ValueInfo[]
  readonly outputs: readonly ValueInfo[]
  readonly opsets: Readonly<Record<string, number>>
  readonly irVersion: number
  /** Numbers in the initializers: weights, and a graph's few constants. */
  readonly parameters: number
}

const INPUT = 'image'
const CLASSES = 10
const EXPECTED = `expected input image float32 [batch, 1, 28, 28] and output probabilities or logits float32 [batch, 10]`

/**
 * Reads and checks a model's declarations.
 *
 * @param name The file's, for messages.
 * @throws UserError INPUT for bytes that are no model or another kind of model, UNSUPPORTED for what is not run.
 */
export function readDigitModel(bytes: Uint8Array, name: string): DigitModel {
  const { graph, metadata, opsets, irVersion } = decodeModel(bytes, name)
  // Before IR version 4 weights were inputs too, with their defaults.
  const weights = new Set(graph.initializers.map((initializer) => initializer.name))
  const inputs = graph.inputs.filter((input) => !weights.has(input.name))
  const { outputs } = graph
  const image = inputs.find((input) => input.name === INPUT)
  const output = (['probabilities', 'logits'] as const).find((wanted) =>
    outputs.some((info) => info.name === wanted && fits(info, [CLASSES])),
  )
  if (image === undefined || inputs.length !== 1 || !fits(image, [1, 28, 28]) || output === undefined) {
    throw new UserError('INPUT', `${name}: ${EXPECTED}, found ${signature({ inputs, outputs })}: not a digit model`)
  }
  const [batch] = image.shape
  return {
    batch: typeof batch === 'number' && batch > 0 ? batch : undefined,
    output,
    range: readRange(metadata, name),
    leastProbability: readLeastProbability(metadata, name),
    metadata,
    inputs,
    outputs,
    opsets,
    irVersion,
    parameters: weightCount(graph),
  }
}

/** A batch dimension of whatever kind, then `dims`; a dimension that the model leaves open may be right. */
function fits({ dataType, shape }: ValueInfo, dims: readonly number[]): boolean {
  if (dataType !== DataType.FLOAT || shape.length !== dims.length + 1) return false
  return dims.every((dim, index) => typeof shape[index + 1] === 'string' || shape[index + 1] === dim)
}

/** What a runner must do to a picture, which the model says itself; without a word, what our own models say. */
function readRange(metadata: Model['metadata'], name: string): DigitModel['range'] {
  const text = metadata['mnist.input']
  if (text === undefined) return { ink: DIGIT_INPUT.ink, paper: DIGIT_INPUT.paper }
  const said = parseJson(text) as Record<string, unknown> | null
  const { ink, paper, framing, size } = said ?? {}
  const known =
    typeof ink === 'number' &&
    typeof paper === 'number' &&
    framing === DIGIT_INPUT.framing &&
    String(size) === String(DIGIT_INPUT.size)
  if (!known) {
    throw new UserError(
      'UNSUPPORTED',
      `${name}: metadata mnist.input: expected ${JSON.stringify(DIGIT_INPUT)} with any ink and paper, found ${text.slice(0, 200)}`,
    )
  }
  return { ink, paper }
}

/** What the model's maker found to be too little for a digit; without a word, `LEAST_PROBABILITY`. */
function readLeastProbability(metadata: Model['metadata'], name: string): number {
  const text = metadata['mnist.least_probability']
  if (text === undefined) return LEAST_PROBABILITY
  const least = text.trim() === '' ? Number.NaN : Number(text)
  if (least >= 0 && least <= 1) return least
  throw new UserError(
    'UNSUPPORTED',
    `${name}: metadata mnist.least_probability: expected a number from 0 to 1, found ${text.slice(0, 200)}`,
  )
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return null
  }
}

/** `input x float32 [1, 3, 224, 224], output y float32 [1, 1000]` */
function signature({ inputs, outputs }: Pick<DigitModel, 'inputs' | 'outputs'>): string {
  const list = (kind: string, infos: readonly ValueInfo[]): string =>
    infos.length === 0
      ? `no ${kind}`
      : `${kind} ${infos.slice(0, 4).map(valueText).join(' and ')}${infos.length > 4 ? ' and more' : ''}`
  return `${list('input', inputs)}, ${list('output', outputs)}`
}

/** `image float32 [batch, 1, 28, 28]` */
export function valueText({ name, dataType, shape }: ValueInfo): string {
  return `${name} ${typeName(dataType)} [${shape.join(', ')}]`
}

function typeName(dataType: number): string {
  const name = Object.entries(DataType).find(([, value]) => value === dataType)?.[0] ?? `type ${dataType}`
  return { FLOAT: 'float32', DOUBLE: 'float64' }[name] ?? name.toLowerCase()
}
