/** The worker: opens models, reads digits, trains. Each request is answered once (`../runtime/protocol.ts`). */
import { ProblemError, problemReport } from '../problem.js'
import { keepDownloads } from '../runtime/download.js'
import type {
  MethodName,
  Methods,
  OpenedModel,
  OpenParams,
  Progress,
  Request,
  WantsThreads,
} from '../runtime/protocol.js'
import { classifyPicture, logitsOf, type OpenDigitModel, openDigitModel } from './digit-model.js'
import type { FeatureMapper } from './feature-maps.js'
import { binaryNews } from './offered-binary.js'
import { scope } from './scope.js'

/** A model that is open once for all who name the same one. */
interface Shared {
  readonly opening: Promise<OpenDigitModel | WantsThreads>
  users: number
  mapper: Promise<FeatureMapper> | undefined
}

/** What a handle names. */
interface Held {
  readonly entry: Shared
  readonly model: OpenDigitModel
}

const held = new Map<number, Held>()
const shared = new Map<string, Shared>()
let lastHandle = 0

/** Milliseconds without a request after which what was downloaded goes to the disk: the copies would make answers late. */
const QUIET = 1000

let keeping: ReturnType<typeof setTimeout> | undefined

type Tell = (progress: Progress) => void
type MethodTable = {
  readonly [M in MethodName]: (
    params: Methods[M]['params'],
    tell: Tell,
  ) => Methods[M]['result'] | Promise<Methods[M]['result']>
}

const METHODS: MethodTable = {
  binary(news) {
    binaryNews(news)
    return null
  },
  async open(params, tell): Promise<OpenedModel | WantsThreads> {
    const entry = opened(params, tell)
    const model = await entry.opening
    if ('wantsThreads' in model) {
      forget(entry)
      return model
    }
    const handle = ++lastHandle
    held.set(handle, { entry, model })
    const { metadata, parameters } = model.contract
    return { handle, metadata, parameters, bytes: model.bytes.length, report: model.report }
  },
  async close({ handle }) {
    const { entry, model } = found(handle)
    held.delete(handle)
    entry.users--
    if (entry.users > 0) return null
    forget(entry)
    await (await entry.mapper)?.close()
    await model.session.close()
    return null
  },
  classify: async ({ handle, picture, lightOnDark }) => classifyPicture(found(handle).model, picture, lightOnDark),
  logits: async ({ handle, images }) => logitsOf(found(handle).model, images),
  async featureMaps({ handle, digit }) {
    const { entry, model } = found(handle)
    entry.mapper ??= import('./feature-maps.js').then(({ createFeatureMapper }) => createFeatureMapper(model))
    return (await entry.mapper).map(digit)
  },
  train: async (params, tell) => (await trainingMethods()).train(params, tell),
  teach: async (params, tell) => (await trainingMethods()).teach(params, tell),
  pause: async (params) => (await trainingMethods()).pause(params),
  rest: async (params) => (await trainingMethods()).rest(params),
  stop: async () => (await trainingMethods()).stop(),
  trained: async () => (await trainingMethods()).trained(),
}

/** The model asked for, in use by one more. Bytes are nobody else's; only who asks first for a URL hears how far it is. */
function opened(params: OpenParams, tell: Tell): Shared {
  const { model, provider, threads } = params
  const key = typeof model === 'string' ? JSON.stringify([model, provider, threads]) : undefined
  const known = key === undefined ? undefined : shared.get(key)
  if (known !== undefined) {
    known.users++
    return known
  }
  const entry: Shared = { opening: openDigitModel(params, tell), users: 1, mapper: undefined }
  if (key !== undefined) {
    shared.set(key, entry)
    entry.opening.catch(() => forget(entry))
  }
  return entry
}

function forget(entry: Shared): void {
  for (const [key, each] of shared) if (each === entry) shared.delete(key)
}

function trainingMethods() {
  return import('./training/worker-methods.js')
}

function found(handle: number): Held {
  const entry = held.get(handle)
  if (entry === undefined)
    throw new ProblemError('internal', `expected an open model, found none with number ${handle}`)
  return entry
}

async function answer({ id, method, params }: Request): Promise<void> {
  try {
    const call = METHODS[method] as (params: unknown, tell: Tell) => unknown
    const result = await call(params, (progress) => scope.postMessage({ id, progress }))
    scope.postMessage({ id, result })
  } catch (error) {
    scope.postMessage({ id, error: problemReport(error) })
  }
  clearTimeout(keeping)
  keeping = setTimeout(() => void keepDownloads(), QUIET)
}

// ONNX Runtime starts threads of its own from a file that may be this one; they have a protocol of their own.
if (!scope.name.startsWith('em-pthread')) {
  scope.addEventListener('message', ({ data }: MessageEvent<Request>) => void answer(data))
}
