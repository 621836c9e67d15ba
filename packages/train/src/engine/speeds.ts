/** How fast the CPU's engines train a network here: measured once, then remembered in the user's cache. */
import { readFile } from 'node:fs/promises'
import { cpus } from 'node:os'
import { join } from 'node:path'
import { cacheFolder } from 'mnist-infer/setup'
import writeFileAtomic from 'write-file-atomic'
import { type Measured, MeasureError, measure } from '../doctor/measure.js'
import { TENSORFLOW_VERSION } from '../setup/tensorflow-wheels.js'
import type { EngineOptions } from './engine.js'
import type { EngineName } from './names.js'

/** Images per second; or why there is no figure, in a few words. */
export type Speeds = Readonly<Record<string, number | string>>

export type SpeedQuestion = Pick<EngineOptions, 'batchSize' | 'threads'> & { readonly network: string }

/** Pictures a step: enough to tell the engines apart, and a second or two for the deep networks. */
const MOST_PICTURES = 64
const DEEP = ['alexnet', 'resnet18']

/** The speeds of `engines`, from memory where all are there. Those that fail are asked again the next time. */
export async function speedsOf(engines: readonly EngineName[], question: SpeedQuestion): Promise<Speeds> {
  const file = join(cacheFolder(process.env), 'speeds.json')
  const known = await remembered(file)
  const key = keyOf(question)
  const before = known[key]
  if (before !== undefined && engines.every((engine) => before[engine] !== undefined)) return before
  const speeds: Record<string, number | string> = {}
  for (const engine of engines) speeds[engine] = await speedOf(engine, question)
  if (Object.values(speeds).every((speed) => typeof speed === 'number'))
    await remember(file, { ...known, [key]: speeds })
  return speeds
}

async function speedOf(engine: EngineName, { network, batchSize, threads }: SpeedQuestion): Promise<number | string> {
  const isDeep = DEEP.includes(network)
  const size = isDeep ? Math.min(batchSize, MOST_PICTURES) : batchSize
  try {
    const request = { engine, network, batchSize: size, threads, steps: isDeep ? 1 : 5, seconds: 1 }
    const { imagesPerSecond }: Measured = await measure(request)
    return imagesPerSecond
  } catch (error) {
    return error instanceof MeasureError ? error.brief : 'fails'
  }
}

/** All that a speed depends on. */
function keyOf({ network, batchSize, threads }: SpeedQuestion): string {
  const cpu = cpus()[0]?.model ?? process.arch
  return JSON.stringify({
    network,
    batchSize,
    threads,
    cpu,
    node: process.version,
    tensorflow: TENSORFLOW_VERSION,
    ours: '0.1.0',
  })
}

async function remembered(file: string): Promise<Record<string, Speeds>> {
  try {
    return JSON.parse(await readFile(file, 'utf8'))
  } catch {
    return {}
  }
}

async function remember(file: string, all: Record<string, Speeds>): Promise<void> {
  // Where the cache can't be written, it is measured again.
  await writeFileAtomic(file, JSON.stringify(all)).catch(() => undefined)
}
