/** A digit model, opened in a worker and tried once: rows in, every output's rows out. */
import { DataType, UserError } from 'mnist-export'
import { DIGIT_PIXELS, DIGIT_SIZE } from '../../mnist/digits.js'
import { float32, openSession, type SessionOptions } from '../../runtime/index.js'
import type { Opening, OutputRows } from './messages.js'

export interface ModelRunner {
  readonly model: Opening['model']
  /** @param values [count, 1, 28, 28]; any count. */
  run(values: Float32Array): Promise<OutputRows[]>
  close(): Promise<void>
}

export interface RunnerOptions extends Pick<SessionOptions, 'provider' | 'threads'> {
  readonly maxBatch: number
}

/**
 * Opens a model and runs it on bare paper, so that one that cannot run is known before a request depends on it.
 *
 * @throws UserError INPUT where ONNX Runtime does not take it or it does not do as it declares.
 */
export async function openRunner(opening: Opening, { maxBatch, ...options }: RunnerOptions): Promise<ModelRunner> {
  const { model, title, bytes } = opening
  const session = await openSession(bytes, { threads: 1, ...options })
  const names = servedOutputs({ model }).map(({ name }) => name)
  const size = model.batch ?? maxBatch

  const runOnce = async (values: Float32Array): Promise<OutputRows[]> => {
    const rows = values.length / DIGIT_PIXELS
    const image = float32(values, [rows, 1, DIGIT_SIZE, DIGIT_SIZE])
    const results = await session.run({ image }, { outputs: names })
    return names.map((name) => {
      const { dims, data } = results[name] as { dims: readonly number[]; data: Float32Array }
      if (dims[0] !== rows || !(data instanceof Float32Array)) {
        throw new UserError('INPUT', `${title}: expected ${name} float32 [${rows}, …], found [${dims.join(', ')}]`)
      }
      return { name, dims: dims.slice(1), data }
    })
  }

  const run = async (values: Float32Array): Promise<OutputRows[]> => {
    const rows = values.length / DIGIT_PIXELS
    if (rows === size || (model.batch === undefined && rows < size)) return runOnce(values)
    const parts: OutputRows[][] = []
    for (let start = 0; start < rows; start += size) {
      const part = values.subarray(start * DIGIT_PIXELS, Math.min(rows, start + size) * DIGIT_PIXELS)
      const padded = model.batch === undefined ? part : padRows(part, size)
      parts.push(await runOnce(padded))
    }
    return joinParts(parts, rows)
  }

  try {
    await run(new Float32Array(DIGIT_PIXELS).fill(model.range.paper))
  } catch (error) {
    await session.close()
    throw error
  }
  return { model, run, close: () => session.close() }
}

/** The outputs that are handed out: float32, one row for each picture. */
export function servedOutputs({ model }: Pick<Opening, 'model'>): Opening['model']['outputs'] {
  return model.outputs.filter(({ dataType, shape }) => dataType === DataType.FLOAT && shape.length >= 1)
}

function padRows(values: Float32Array, rows: number): Float32Array {
  const padded = new Float32Array(rows * DIGIT_PIXELS)
  padded.set(values)
  return padded
}

function joinParts(parts: readonly OutputRows[][], rows: number): OutputRows[] {
  return (parts[0] ?? []).map(({ name, dims }, index) => {
    const rowSize = dims.reduce((product, dim) => product * dim, 1)
    const joined = new Float32Array(rows * rowSize)
    let offset = 0
    for (const part of parts) {
      const { data } = part[index] as OutputRows
      // The last part of a model of a fixed batch has rows that nobody asked for.
      const wanted = data.subarray(0, Math.min(data.length, joined.length - offset))
      joined.set(wanted, offset)
      offset += wanted.length
    }
    return { name, dims, data: joined }
  })
}
