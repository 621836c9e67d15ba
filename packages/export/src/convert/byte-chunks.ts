/** A sequence of bytes that lies in several buffers (the shards of a model), read by offset without joining them. */
export interface ByteChunks {
  readonly length: number
  /** `length` bytes from `offset`: a view where they lie in one buffer, a copy where they cross into the next. */
  slice(offset: number, length: number): Uint8Array
}

export function byteChunks(data: ArrayBuffer | Uint8Array | readonly (ArrayBuffer | Uint8Array)[]): ByteChunks {
  const list: readonly (ArrayBuffer | Uint8Array)[] = Array.isArray(data) ? data : [data]
  const chunks = list.map((chunk) => (chunk instanceof Uint8Array ? chunk : new Uint8Array(chunk)))
  const starts: number[] = []
  let total = 0
  for (const chunk of chunks) {
    starts.push(total)
    total += chunk.byteLength
  }
  return {
    length: total,
    slice(offset, length) {
      if (offset < 0 || length < 0 || offset + length > total) {
        throw new Error(`internal: bytes ${offset} to ${offset + length} of ${total}`)
      }
      let index = Math.max(
        0,
        starts.findLastIndex((start) => start <= offset),
      )
      const first = chunks[index]
      const start = offset - (starts[index] ?? 0)
      if (first === undefined || start + length <= first.byteLength) {
        return first?.subarray(start, start + length) ?? new Uint8Array(0)
      }
      const joined = new Uint8Array(length)
      let written = 0
      for (let from = start; written < length; index++, from = 0) {
        const part = (chunks[index] as Uint8Array).subarray(from, from + length - written)
        joined.set(part, written)
        written += part.byteLength
      }
      return joined
    },
  }
}
