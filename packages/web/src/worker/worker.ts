/** The worker: opens models, reads digits, trains. Each request is answered once (`../runtime/protocol.ts`). */
import { ProblemError, problemReport } from '../problem.js'
import type { MethodName, Methods, OpenedModel, Progress, Request } from '../runtime/protocol.js'
import { classifyPicture, logitsOf, type OpenDigitModel, openDigitModel } from './digit-model.js'
import type { FeatureMapper } from './feature-maps.js'
import { scope } from './scope.js'

interface Held {
  readonly model: OpenDigitModel
  mapper: Promise<FeatureMapper> | undefined
}

const held = new Map<number, Held>()
let lastHandle = 0

type Tell = (progress: Progress) => void
type MethodTable = {
  readonly [M in MethodName]: (
    params: Methods[M]['params'],
    tell: Tell,
  ) => Methods[M]['result'] | Promise<Methods[M]['result']>
}

const METHODS: MethodTable = {
  async open(params, tell): Promise<OpenedModel> {
    const model = await openDigitModel(params, tell)
    const handle = ++lastHandle
    held.set(handle, { model, mapper: undefined })
    const { metadata, parameters } = model.contract
    return { handle, metadata, parameters, bytes: model.bytes.length, report: model.report }
  },
  async close({ handle }) {
    const { model, mapper } = found(handle)
    held.delete(handle)
    await (await mapper)?.close()
    await model.session.close()
    return null
  },
  classify: ({ handle, picture, lightOnDark }) => classifyPicture(found(handle).model, picture, lightOnDark),
  logits: ({ handle, images }) => logitsOf(found(handle).model, images),
  async featureMaps({ handle, digit }) {
    const entry = found(handle)
    entry.mapper ??= import('./feature-maps.js').then(({ createFeatureMapper }) => createFeatureMapper(entry.model))
    return (await entry.mapper).map(digit)
  },
  train: async (params, tell) => (await trainingMethods()).train(params, tell),
  teach: async (params, tell) => (await trainingMethods()).teach(params, tell),
  pause: async (params) => (await trainingMethods()).pause(params),
  stop: async () => (await trainingMethods()).stop(),
  trained: async () => (await trainingMethods()).trained(),
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
}

// ONNX Runtime starts threads of its own from a file that may be this one; they have a protocol of their own.
if (!scope.name.startsWith('em-pthread')) {
  scope.addEventListener('message', ({ data }: MessageEvent<Request>) => void answer(data))
}
