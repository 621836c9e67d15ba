/** Our engines, each tried and measured in a process of its own. */
import { availableParallelism } from 'node:os'
import type { Finding } from 'mnist-infer/doctor'
import { ENGINE_NAMES, type EngineName } from '../engine/names.js'
import { MeasureError, measure } from './measure.js'

/** LeNet-5 by its recipe. */
const NETWORK = { network: 'lenet5', batchSize: 256 } as const

const NATIVE: readonly string[] = ['tfjs-gpu', 'tfjs-node'] satisfies readonly EngineName[]

/** tfjs's own kernels take half a minute for a batch of LeNet-5. */
const SMALL_BATCH: Readonly<Partial<Record<EngineName, number>>> = { tfjs: 8, 'tfjs-webgpu': 64 }

/** In order: two that measure at once would slow each other down. */
export async function checkEngines(seconds: number): Promise<readonly Finding[]> {
  const findings: Finding[] = []
  for (const name of ENGINE_NAMES) {
    if (name === 'auto') continue
    // `tfjs` is TensorFlow's kernels where there are some.
    const native =
      name === 'tfjs' ? findings.find((finding) => finding.works && NATIVE.includes(finding.name)) : undefined
    findings.push(native === undefined ? await check(name, seconds) : { ...native, name })
  }
  return findings
}

async function check(name: EngineName, seconds: number): Promise<Finding> {
  try {
    const { description, imagesPerSecond, memoryMiB } = await measure({
      ...NETWORK,
      engine: name,
      batchSize: SMALL_BATCH[name] ?? NETWORK.batchSize,
      threads: availableParallelism(),
      steps: seconds === 0 ? 1 : 2,
      seconds,
    })
    const speed = imagesPerSecond === 0 ? {} : { imagesPerSecond }
    return { kind: 'engine', name, works: true, detail: description, memoryMiB, ...speed }
  } catch (error) {
    if (!(error instanceof MeasureError)) throw error
    const remedy = error.remedy === undefined ? {} : { remedy: error.remedy.replace(/^Run: /, '') }
    return { kind: 'engine', name, works: false, detail: error.brief.replace(`${name} `, ''), ...remedy }
  }
}
