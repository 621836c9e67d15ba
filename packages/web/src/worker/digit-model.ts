/** A model that is open in this worker: framed digits to logits, pictures to readings. */
import { UserError } from 'mnist-export'
import { type DigitModel, decide, readDigitModel } from 'mnist-infer/contract'
import { CLASSES, DIGIT_PIXELS, DIGIT_SIZE } from 'mnist-infer/digits'
import { frameDigit, greyFromRgba } from 'mnist-infer/framing'
import { float32, type Session } from 'mnist-infer/runtime/web'
import { ProblemError, type ProblemReport } from '../problem.js'
import { download } from '../runtime/download.js'
import type {
  OpenParams,
  Progress,
  Reading,
  RgbaPicture,
  RuntimeReport,
  WantsThreads,
  WebProvider,
} from '../runtime/protocol.js'
import { mostThreads, THREADS_PAY } from '../runtime/threads.js'
import { assertWebAssembly, canHaveThreads, chooseThreads, type OpenOptions, openModel, preload } from './runtime.js'
import { disagreement, knownDigits, type LogitsOf, selfTest } from './self-test.js'

export interface OpenDigitModel {
  readonly bytes: Uint8Array
  readonly contract: DigitModel
  readonly session: Session
  readonly report: RuntimeReport
}

/** The most pictures in one run. */
const LARGEST_BATCH = 256

/** @throws ProblemError */
export async function openDigitModel(
  { model, provider, threads, bytes: given }: OpenParams,
  onProgress: (progress: Progress) => void,
): Promise<OpenDigitModel | WantsThreads> {
  assertWebAssembly()
  const choice = chooseThreads(threads)
  const options: OpenOptions = { threads: choice.threads, onProgress }
  // Its own files are the larger part: they come in beside the model.
  const loaded = provider === 'wasm' ? preload(provider, options) : Promise.resolve()
  const name = typeof model === 'string' ? model : 'the model'
  const bytes = given ?? (typeof model === 'string' ? await downloadModel(model, onProgress) : model)
  const contract = readContract(bytes, name)
  if (threads === undefined && contract.parameters >= THREADS_PAY && mostThreads() > 1 && canHaveThreads())
    return { wantsThreads: bytes }
  await warmUp(loaded)
  const notices: ProblemReport[] = choice.notice === undefined ? [] : [choice.notice]
  const opened = await openTested({ bytes, contract, name }, provider, { options, notices })
  return {
    bytes,
    contract,
    session: opened.session,
    report: {
      provider: opened.provider,
      threads: choice.threads,
      description: describe(opened.provider, choice),
      notices,
    },
  }
}

/** Framings after which the browser has compiled what they are made of. */
const WARM = 12

let framings = 0

/** What is slow until the browser has compiled it is done while the runtime's files are on their way, and no longer. */
async function warmUp(loaded: Promise<unknown>): Promise<void> {
  let waiting = true
  const arrived = loaded.finally(() => {
    waiting = false
  })
  knownDigits()
  const side = 96
  const pixels = new Uint8Array(side * side)
  for (let index = 20 * side; index < 76 * side; index++)
    if (Math.abs((index % side) - side / 2) < 5) pixels[index] = 255
  // Between two of them the news of the arrival gets its turn.
  const turn = () => new Promise((resolve) => setTimeout(resolve))
  for (await turn(); waiting && framings < WARM; framings++, await turn())
    frameDigit({ width: side, height: side, pixels }, { invert: 'no' })
  await arrived
}

function describe(provider: WebProvider, { threads, reason }: { threads: number; reason: string }): string {
  if (provider === 'webgpu') return 'WebGPU'
  const why = reason === '' ? '' : ` (${reason})`
  return `WebAssembly, ${threads} ${threads === 1 ? 'thread' : 'threads'}${why}`
}

function downloadModel(url: string, onProgress: (progress: Progress) => void): Promise<Uint8Array> {
  return download(url, {
    immutable: false,
    onProgress: (loaded, total) => onProgress({ type: 'download', what: 'model', loaded, total }),
  })
}

function readContract(bytes: Uint8Array, name: string): DigitModel {
  try {
    return readDigitModel(bytes, name)
  } catch (cause) {
    if (!(cause instanceof UserError)) throw cause
    throw new ProblemError('model-unreadable', cause.message, { cause })
  }
}

interface Candidate {
  readonly bytes: Uint8Array
  readonly contract: DigitModel
  readonly name: string
}

interface Attempt {
  readonly options: OpenOptions
  /** Gets what must be done without. */
  readonly notices: ProblemReport[]
}

interface Opened {
  readonly session: Session
  readonly provider: WebProvider
}

/** On the provider asked for, if that opens the model and computes rightly; on WebAssembly otherwise. */
async function openTested(candidate: Candidate, provider: WebProvider, attempt: Attempt): Promise<Opened> {
  const opened = (provider === 'webgpu' ? await openOnWebGpu(candidate, attempt) : undefined) ?? {
    session: await openModel(candidate.bytes, 'wasm', attempt.options),
    provider: 'wasm',
  }
  const { contract, name } = candidate
  const { passed, right, read } = await selfTest((digit) => logitsOf({ ...opened, contract }, digit), contract)
  if (!passed) {
    const message = `${name}: expected it to read known digits, found ${right} of ${read} right: it needs more training.`
    attempt.notices.push({ problem: 'wrong-answers', message })
  }
  return opened
}

/** On WebGPU, if it agrees with the WebAssembly of the same build, else on that; undefined where there is no WebGPU. */
async function openOnWebGpu(
  { bytes, contract }: Candidate,
  { options, notices }: Attempt,
): Promise<Opened | undefined> {
  try {
    const session = await openModel(bytes, 'webgpu', options)
    const reference = await openModel(bytes, 'wasm', { ...options, build: 'webgpu' })
    const logits =
      (each: Session): LogitsOf =>
      (digits) =>
        logitsOf({ session: each, contract }, digits)
    const difference = await disagreement([logits(session), logits(reference)], contract)
    if (difference === undefined) {
      await reference.close()
      return { session, provider: 'webgpu' }
    }
    await session.close()
    const message = `WebGPU: expected the numbers of WebAssembly for known digits, found them ${(difference * 100).toFixed(0)} % off. WebAssembly takes over.`
    notices.push({ problem: 'wrong-answers', message })
    return { session: reference, provider: 'wasm' }
  } catch (error) {
    if (!(error instanceof ProblemError)) throw error
    notices.push({ problem: error.problem, message: error.message })
    return undefined
  }
}

type Runnable = Pick<OpenDigitModel, 'session' | 'contract'>

/** Logits, [n, 10], of framed digits [n × 784]; the logarithm of the probabilities where a model gives nothing else. */
export async function logitsOf({ session, contract }: Runnable, images: Uint8Array): Promise<Float32Array> {
  const count = images.length / DIGIT_PIXELS
  const size = contract.batch ?? LARGEST_BATCH
  const rows = new Float32Array(count * CLASSES)
  for (let start = 0; start < count; start += size) {
    const taken = Math.min(size, count - start)
    const batch = contract.batch ?? taken
    const image = float32(inputValues(contract, images.subarray(start * DIGIT_PIXELS), { taken, batch }), [
      batch,
      1,
      DIGIT_SIZE,
      DIGIT_SIZE,
    ])
    const output = session.outputs.includes('logits') ? 'logits' : contract.output
    const { [output]: result } = await session.run({ image }, { outputs: [output] })
    const values = result?.data as Float32Array
    rows.set((output === 'logits' ? values : values.map(Math.log)).subarray(0, taken * CLASSES), start * CLASSES)
  }
  return rows
}

/** 0…255 → the model's own range; a model of a fixed batch gets bare paper for the pictures that are lacking. */
function inputValues(
  { range }: DigitModel,
  images: Uint8Array,
  { taken, batch }: { taken: number; batch: number },
): Float32Array {
  const values = new Float32Array(batch * DIGIT_PIXELS).fill(range.paper)
  const scale = (range.ink - range.paper) / 255
  for (let index = 0; index < taken * DIGIT_PIXELS; index++)
    values[index] = range.paper + scale * (images[index] as number)
  return values
}

/** Frames and reads the digit in a picture. `lightOnDark` where the caller knows; else it is found out. */
export async function classifyPicture(
  model: Runnable,
  { rgba, width, height }: RgbaPicture,
  lightOnDark: boolean | undefined,
): Promise<Reading> {
  const start = performance.now()
  const invert = lightOnDark === undefined ? 'auto' : lightOnDark ? 'no' : 'yes'
  const framed = frameDigit(greyFromRgba(rgba, width, height), { invert })
  if (framed.digit === null) {
    const probabilities = new Float32Array(CLASSES)
    const { reason } = framed
    return { digit: null, reason, probabilities, seen: null, milliseconds: performance.now() - start }
  }
  const seen = framed.digit.pixels
  const probabilities = softmax(await logitsOf(model, seen))
  const decision = decide(probabilities, model.contract.leastProbability)
  return {
    digit: decision.digit,
    reason: decision.digit === null ? decision.reason : undefined,
    probabilities,
    seen,
    milliseconds: performance.now() - start,
  }
}

/** Of one row; its greatest is taken away first, so that no exponential overflows. */
function softmax(logits: Float32Array): Float32Array {
  const greatest = Math.max(...logits)
  const exponentials = logits.map((value) => Math.exp(value - greatest))
  const sum = exponentials.reduce((total, value) => total + value, 0)
  return exponentials.map((value) => value / sum)
}
