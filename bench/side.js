// One side of a comparison: a process that is kept, told to take steps, and says how long they took.
import { createInterface } from 'node:readline'
import { execa } from 'execa'

/** Starts a side; its first line says that it is ready. */
export async function startSide(command, args, env = {}) {
  const child = execa(command, args, { stdin: 'pipe', stdout: 'pipe', stderr: 'inherit', buffer: false, env })
  const failed = child.then(
    () => new Error(`${command} ended early`),
    (error) => error,
  )
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
  const answer = async () => {
    const { value, done } = await lines.next()
    if (done) throw await failed
    return JSON.parse(value)
  }
  const facts = await answer()
  return {
    facts,
    /** Takes `steps` steps; images per second. */
    async run(steps) {
      child.stdin.write(`${steps}\n`)
      const { images, seconds } = await answer()
      return images / seconds
    },
    async close() {
      child.stdin.end()
      await failed
    },
  }
}

export function median(values) {
  const sorted = [...values].sort((a, b) => a - b)
  const middle = sorted.length >> 1
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2
}
