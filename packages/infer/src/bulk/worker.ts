/** A worker thread of a bulk run: reads, decodes, frames and classifies the entries of one task after the other. */
import { closeSync, openSync, readSync } from 'node:fs'
import { type MessagePort, parentPort, workerData } from 'node:worker_threads'
import { UserError } from 'mnist-export/errors'
import { type Answer, type Classifier, createClassifier } from '../classify.js'
import type { Outcome } from '../cli/answers.js'
import { runsLine } from '../cli/model-facts.js'
import { decodePicture } from '../image/decode.js'
import { type Framed, frameDigit } from '../image/frame.js'
import type { GreyPicture } from '../image/picture.js'
import { decodePlainGrey } from '../image/plain-png.js'
import { type NamedBytes, readError, readSource } from '../image/source.js'
import type { Entry } from './entry.js'
import type { Reply, Task, WorkerSettings } from './messages.js'
import { record } from './records.js'

const { classifier: options, invert, format, top } = workerData as WorkerSettings
const port = parentPort as MessagePort

/** Files up to here are read at once, without a stream: four calls of the system instead of a dozen turns of the event loop. */
const SMALL_FILE = 65_536

/** Pictures that sharp decodes at a time: its threads are shared by all workers. */
const BY_SHARP = 4

const room = Buffer.allocUnsafe(SMALL_FILE)

const opening = createClassifier(options)
let last = opening.then(
  (classifier) => reply({ kind: 'ready', runs: runsLine(classifier.info) }),
  (error: unknown) => fail(error),
)

port.on('message', (task: Task) => {
  last = last.then(() => perform(task)).catch(fail)
})

async function perform(task: Task): Promise<void> {
  const classifier = await opening
  if (task !== undefined) return reply(await answerAll(task.entries, classifier))
  await classifier.close()
  port.close()
}

function fail(error: unknown): void {
  const code = error instanceof UserError ? error.code : undefined
  reply({ kind: 'failed', error: error instanceof Error ? error.message : String(error), code })
}

function reply(message: Reply): void {
  port.postMessage(message)
}

async function answerAll(entries: readonly Entry[], classifier: Classifier): Promise<Reply> {
  const framed: (Framed | { readonly error: unknown })[] = []
  const waiting: Promise<void>[] = []
  for (const [place, entry] of entries.entries()) {
    const one = frameEntry(entry)
    if (!(one instanceof Promise)) framed[place] = one
    else {
      waiting.push(
        one.then((done) => {
          framed[place] = done
        }),
      )
      if (waiting.length === BY_SHARP) await Promise.all(waiting.splice(0))
    }
  }
  await Promise.all(waiting)
  const answers = await classifier.classifyFramed(framed.filter((one): one is Framed => !('error' in one)))
  let [next, failed, text] = [0, 0, '']
  for (const [place, { name }] of entries.entries()) {
    const one = framed[place] as Framed | { readonly error: unknown }
    if ('error' in one) failed++
    const outcome: Outcome = 'error' in one ? { name, error: one.error } : { name, answer: answers[next++] as Answer }
    text += record(outcome, format, top)
  }
  return { kind: 'answers', text, pictures: entries.length, failed }
}

type Attempt = Framed | { readonly error: unknown }

/** At once where the entry is a small plain PNG or pixels; what sharp must decode comes later. */
function frameEntry(entry: Entry): Attempt | Promise<Attempt> {
  if ('error' in entry) return { error: new UserError('INPUT', entry.error) }
  try {
    if ('grey' in entry) return frameDigit(entry.grey, { invert })
    const source = 'bytes' in entry ? entry : readSmall(entry.path)
    const plain = source === undefined ? undefined : decodePlainGrey(source.bytes)
    if (plain !== undefined) return frameDigit(plain, { invert })
    return decodeLater(
      source === undefined ? (entry as { path: string }).path : { name: entry.name, bytes: Buffer.from(source.bytes) },
    )
  } catch (error) {
    return { error }
  }
}

async function decodeLater(source: string | NamedBytes): Promise<Attempt> {
  try {
    const picture: GreyPicture = await decodePicture(typeof source === 'string' ? await readSource(source) : source)
    return frameDigit(picture, { invert })
  } catch (error) {
    return { error }
  }
}

/** The whole file, as a view that the next call overwrites; undefined where it is larger. */
function readSmall(path: string): NamedBytes | undefined {
  let file: number | undefined
  try {
    file = openSync(path, 'r')
    let length = 0
    for (;;) {
      const count = readSync(file, room, length, SMALL_FILE - length, null)
      if (count === 0) return { name: path, bytes: room.subarray(0, length) }
      length += count
      if (length === SMALL_FILE) return undefined
    }
  } catch (error) {
    throw readError(path, error)
  } finally {
    if (file !== undefined) closeSync(file)
  }
}
