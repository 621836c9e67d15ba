/** What a run of mnist-train says of itself in its `run.json`, as far as the model's file repeats it. */
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { isObject, type Json } from '../convert/topology.js'
import type { DigitModelFacts } from '../digit-model.js'
import { UserError } from '../errors.js'

/** undefined where `folder` has no run.json: it is no run. @throws UserError INPUT where run.json is not a run's. */
export async function readRunFacts(folder: string): Promise<DigitModelFacts | undefined> {
  const file = join(folder, 'run.json')
  const text = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT' || error.code === 'ENOTDIR') return undefined
    throw error
  })
  if (text === undefined) return undefined
  let run: Json
  try {
    run = JSON.parse(text) as Json
  } catch (cause) {
    throw new UserError('INPUT', `${file}: expected the JSON of a run, found something else`, { cause })
  }
  const settings = isObject(run) ? run.settings : undefined
  const history = isObject(run) ? run.history : undefined
  if (!isObject(settings) || !Array.isArray(history)) {
    throw new UserError('INPUT', `${file}: expected the settings and the history of a run, found other JSON`)
  }
  const last = history.at(-1)
  const accuracy = isObject(last) ? last.testAccuracy : undefined
  return {
    network: textOf(file, settings, 'network'),
    recipe: textOf(file, settings, 'recipe'),
    epochs: history.length,
    dataset: textOf(file, isObject(settings.data) ? settings.data : {}, 'description'),
    seed: numberOf(file, settings, 'seed'),
    testAccuracy: typeof accuracy === 'number' ? accuracy : Number.NaN,
  }
}

function textOf(file: string, values: Readonly<Record<string, Json>>, key: string): string {
  const value = values[key]
  if (typeof value === 'string') return value
  throw new UserError('INPUT', `${file}: expected ${key} to be text, found ${typeof value}`)
}

function numberOf(file: string, values: Readonly<Record<string, Json>>, key: string): number {
  const value = values[key]
  if (typeof value === 'number') return value
  throw new UserError('INPUT', `${file}: expected ${key} to be a number, found ${typeof value}`)
}
