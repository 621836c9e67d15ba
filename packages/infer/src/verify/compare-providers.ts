/** One model on every provider that can be had here: how far their answers are apart, and how long each takes. */
import { readFile } from 'node:fs/promises'
import { UserError } from 'mnist-export/errors'
import { runBatches } from '../classify.js'
import { DIGIT_PIXELS, type Digits } from '../mnist/digits.js'
import { readDigitModel } from '../model/contract.js'
import { openSession, type ProviderName, type Session } from '../runtime/index.js'

export interface ProviderComparison {
  readonly provider: ProviderName
  /** Why it can't be had; undefined where it can. */
  readonly missing: string | undefined
  /** For all pictures, opening not counted. */
  readonly seconds: number
  /** The greatest difference of any probability from the reference's. */
  readonly largestDifference: number
  /** Pictures that are read as another digit. */
  readonly changedAnswers: number
}

const PROVIDERS = ['cpu', 'cuda', 'webgpu', 'wasm'] as const

/**
 * @param path The model's file.
 * @param reference [count, 10], another provider's probabilities.
 */
export async function compareProviders(
  path: string,
  digits: Digits,
  { reference, except }: { reference: Float32Array; except: ProviderName },
): Promise<ProviderComparison[]> {
  const bytes = await readFile(path)
  const comparisons: ProviderComparison[] = []
  for (const provider of PROVIDERS.filter((one) => one !== except)) {
    comparisons.push(await compare({ provider, path, bytes, digits, reference }))
  }
  return comparisons
}

interface Comparing {
  readonly provider: ProviderName
  readonly path: string
  readonly bytes: Uint8Array
  readonly digits: Digits
  readonly reference: Float32Array
}

async function compare({ provider, path, bytes, digits, reference }: Comparing): Promise<ProviderComparison> {
  const without = { provider, seconds: 0, largestDifference: 0, changedAnswers: 0 }
  let session: Session
  try {
    session = provider === 'wasm' ? await openOnWeb(bytes) : await openSession(bytes, { provider })
  } catch (error) {
    if (!(error instanceof UserError)) throw error
    return { ...without, missing: reasonOf(error) }
  }
  try {
    const begin = performance.now()
    const images = digits.images.subarray(0, digits.count * DIGIT_PIXELS)
    const found = await runBatches({ session, digitModel: readDigitModel(bytes, path), path }, images)
    const seconds = (performance.now() - begin) / 1000
    return { provider, missing: undefined, seconds, ...differences(found, reference) }
  } finally {
    await session.close()
  }
}

/** What is missing, without the remedy and without the place in ONNX Runtime's sources. */
function reasonOf({ message }: UserError): string {
  const [, found = message] = /^provider \w+: expected it to be here, found: ([^;]*)/.exec(message) ?? []
  return found.replace(/^\S+:\d+ .*?(?=Failed to )/s, '')
}

/** onnxruntime-web, which pages have and which may not be installed here. */
async function openOnWeb(bytes: Uint8Array): Promise<Session> {
  const { openSession: openWeb } = await import('../runtime/web.js')
  return openWeb(bytes, { provider: 'wasm' })
}

function differences(found: Float32Array, reference: Float32Array) {
  let [largestDifference, changedAnswers] = [0, 0]
  for (let start = 0; start < found.length; start += 10) {
    const [mine, other] = [found.subarray(start, start + 10), reference.subarray(start, start + 10)]
    for (let index = 0; index < 10; index++) {
      largestDifference = Math.max(largestDifference, Math.abs((mine[index] as number) - (other[index] as number)))
    }
    if (mine.indexOf(Math.max(...mine)) !== other.indexOf(Math.max(...other))) changedAnswers++
  }
  return { largestDifference, changedAnswers }
}
