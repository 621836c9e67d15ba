/** A part of the pictures, for one of several processes: every n-th, so that the parts are alike and together the whole. */
import { UserError } from 'mnist-export/errors'

export interface Shard {
  /** 0…count - 1. */
  readonly index: number
  readonly count: number
}

/**
 * Reads `i/n`. From 0, as Kubernetes counts (JOB_COMPLETION_INDEX).
 * @throws UserError USAGE
 */
export function parseShard(text: string): Shard {
  const [, index, count] = /^(\d{1,9})\/(\d{1,9})$/.exec(text) ?? []
  if (index !== undefined && Number(index) < Number(count)) return { index: Number(index), count: Number(count) }
  throw new UserError('USAGE', `--shard: expected i/n, i from 0 to n - 1, found ${text}`)
}

export async function* shardOf<T>(all: AsyncIterable<T>, { index, count }: Shard): AsyncGenerator<T> {
  let place = 0
  for await (const one of all) if (place++ % count === index) yield one
}
