/** A dense array as examples of any model with one input: the rows of its first axis. */
import { UserError } from '../errors.js'
import { DataType, type Model, type ValueInfo } from '../onnx/model.js'
import { elementCount, type NumericArray } from '../onnx/tensor.js'
import type { Examples } from './examples.js'
import type { Feed, Feeds } from './session.js'
import { singleInput } from './single-input.js'

/** Row-major, [count, …], as the model takes it: nothing is scaled. */
export interface ExampleArray {
  readonly shape: readonly number[]
  readonly data: Exclude<NumericArray, BigInt64Array | BigUint64Array>
  /** Right answers: a class for each row, or for each place of it that the output has an answer for. */
  readonly labels?: ArrayLike<number>
}

/** A tensor of `dims` that begins with `rows`, zeros after them. */
type ToFeed = (rows: ExampleArray['data'], dims: readonly number[]) => Feed

const FEEDS: Readonly<Partial<Record<DataType, ToFeed>>> = {
  [DataType.FLOAT]: (rows, dims) => ({
    type: 'float32',
    dims,
    data: filled(new Float32Array(elementCount(dims)), rows),
  }),
  [DataType.INT32]: (rows, dims) => ({ type: 'int32', dims, data: filled(new Int32Array(elementCount(dims)), rows) }),
}

function filled<T extends Float32Array | Int32Array>(tensor: T, rows: ExampleArray['data']): T {
  tensor.set(rows)
  return tensor
}

/**
 * @throws UserError UNSUPPORTED where the model has several inputs, one that is neither float32 nor int32, or no output of classes;
 *   INPUT where the array does not fit its input
 */
export function arrayExamples({ graph }: Model, { shape, data, labels }: ExampleArray): Examples {
  const single = singleInput(graph)
  const feed = single === undefined ? undefined : FEEDS[single.input.dataType]
  if (single === undefined || feed === undefined) {
    throw new UserError(
      'UNSUPPORTED',
      `model ${graph.name}: expected one input of float32 or int32 to give an array's rows to, found others`,
    )
  }
  const { input, batch } = single
  const [count = 0, ...dims] = shape
  const length = elementCount(dims)
  if (count < 1 || data.length !== count * length || !fits(input, dims)) {
    throw new UserError(
      'INPUT',
      `examples: expected [count, ${input.shape.slice(1).join(', ')}] as the model's input ${input.name}, ` +
        `found [${shape.join(', ')}] of ${data.length} values`,
    )
  }
  return {
    count,
    batch,
    output: classOutput(graph).name,
    labels,
    feed({ start, end }): Feeds {
      return { [input.name]: feed(data.subarray(start * length, end * length), [batch ?? end - start, ...dims]) }
    },
  }
}

function fits({ shape }: ValueInfo, dims: readonly number[]): boolean {
  const wanted = shape.slice(1)
  return (
    wanted.length === dims.length &&
    wanted.every((dim, axis) => typeof dim !== 'number' || dim < 0 || dim === dims[axis])
  )
}

/** The first output with classes along its last axis; a single score has no largest. */
function classOutput(graph: Model['graph']): ValueInfo {
  const output = graph.outputs.find(({ shape }) => shape.length >= 2 && shape.at(-1) !== 1)
  if (output !== undefined) return output
  throw new UserError(
    'UNSUPPORTED',
    `model ${graph.name}: expected an output [batch, …, classes] to measure its answers by, found none: ` +
      'compress it without the measurement (on the command line --data none), and test it yourself',
  )
}
