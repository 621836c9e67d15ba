/** `mnist-export diff <a> <b>`: as diff(1) does, exit status 1 says that something differs. */
import { diffModels } from '../inspect/index.js'
import { readGraph } from './source.js'

export async function diffCommand({ a, b, json }: { a: string; b: string; json: boolean }): Promise<void> {
  const lines = diffModels(await readGraph(a), await readGraph(b))
  process.stdout.write(json ? `${JSON.stringify(lines)}\n` : lines.map((line) => `${line}\n`).join(''))
  if (lines.length > 0) process.exitCode = 1
}
