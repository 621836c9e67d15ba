/** The two kinds of lanes: rows of a model's input, and encoded pictures. */
import type { OutputRows, PictureAnswer, PictureRequest } from '../pool/messages.js'
import { errorOf } from '../pool/plain-error.js'
import type { LaneKind } from './lane.js'

/** Rows [count, 1, 28, 28] in, the same count of rows of each output back. */
export const TENSORS: LaneKind<Float32Array, readonly OutputRows[]> = {
  name: 'infer',
  async run(thread, { generation, jobs }) {
    const values = new Float32Array(jobs.reduce((sum, { input }) => sum + input.length, 0))
    let offset = 0
    for (const { input } of jobs) {
      values.set(input, offset)
      offset += input.length
    }
    const outputs = await thread.perform<'infer'>({ kind: 'infer', generation, values }, [values.buffer])
    let row = 0
    return jobs.map(({ rows }) => {
      const [start, end] = [row, row + rows]
      row = end
      return outputs.map(({ name, dims, data }) => {
        const size = dims.reduce((product, dim) => product * dim, 1)
        return { name, dims, data: data.subarray(start * size, end * size) }
      })
    })
  },
}

/** One picture in, its answer or its own error back. */
export const PICTURES: LaneKind<PictureRequest, PictureAnswer> = {
  name: 'classify',
  async run(thread, { generation, jobs }) {
    // One buffer of their own, which moves: a body may be a part of a pool, and a message would copy the whole of that.
    const packed = new Uint8Array(jobs.reduce((sum, { input }) => sum + input.bytes.length, 0))
    let end = 0
    const pictures = jobs.map(({ input }) => {
      const start = end
      end += input.bytes.length
      packed.set(input.bytes, start)
      return { ...input, bytes: packed.subarray(start, end) }
    })
    const task = { kind: 'classify', generation, pictures } as const
    const answers = await thread.perform<'classify'>(task, [packed.buffer])
    return answers.map((answer) => ('error' in answer ? errorOf(answer.error) : answer))
  },
}
