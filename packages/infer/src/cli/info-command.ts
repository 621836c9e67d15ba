/** `mnist-infer info [model]`: what the file says of itself, and what would run it here. */
import { type ClassifierOptions, createClassifier } from '../classify.js'
import { factRows } from './model-facts.js'
import { checkWhole } from './numbers.js'
import { printable } from './printable.js'

export interface InfoArguments {
  readonly model: string
  readonly provider: NonNullable<ClassifierOptions['provider']>
  readonly threads: number | undefined
  readonly json: boolean
}

export async function infoCommand({ model, provider, threads, json }: InfoArguments): Promise<void> {
  checkWhole('threads', threads, { least: 1 })
  const classifier = await createClassifier({ model, provider, ...(threads === undefined ? {} : { threads }) })
  const { info } = classifier
  await classifier.close()
  if (json) {
    process.stdout.write(`${JSON.stringify(info)}\n`)
    return
  }
  const rows = factRows(info).map(([name, value]) => [printable(name), printable(value)] as const)
  const width = Math.max(...rows.map(([name]) => name.length))
  process.stdout.write(`${rows.map(([name, value]) => `${name.padEnd(width)}  ${value}`).join('\n')}\n`)
}
