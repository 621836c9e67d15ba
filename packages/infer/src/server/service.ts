/** The parts behind the routes, wired together: workers, dispatcher, repository, metrics. It knows nothing of HTTP. */

import { DEFAULT_MODEL } from '../model/find.js'
import { Dispatcher, type Submission } from './batching/dispatcher.js'
import type { LaneKind } from './batching/lane.js'
import type { Health } from './health/verdict.js'
import { createMetrics, type ServerMetrics } from './metrics.js'
import type { ResolvedOptions } from './options.js'
import { WorkerPool } from './pool/worker-pool.js'
import { ModelRepository, type ServedModel } from './repository/model-repository.js'
import { scanFolder } from './repository/scan-folder.js'

/** A worker that is not back so long after the last deadline hangs. */
const HANG_GRACE = 5000

/** Bytes of requests that wait for a worker: with `memory`, what bounds the server's size. */
const QUEUE_BYTES = 64 * 2 ** 20

/** Resident memory of a server at full load but for its models: Node and its workers 200 MiB, and all that waits. */
const MEMORY_WITHOUT_MODELS = 512 * 2 ** 20

/** How often the process's memory is looked at, and how long after a worker's replacement the next may follow, in ms. */
const MEMORY_INTERVAL = 1000
const REPLACEMENT_INTERVAL = 15_000

export interface ServiceEvents {
  readonly onLost: (reason: string) => void
  readonly onChange: (change: { readonly title: string; readonly outcome: string }) => void
}

export class Service {
  readonly options: ResolvedOptions
  readonly pool: WorkerPool
  readonly dispatcher: Dispatcher
  readonly repository: ModelRepository
  readonly metrics: ServerMetrics
  /** No more requests are taken. */
  stopping = false
  /** HTTP requests that are not answered yet. */
  inProgress = 0
  /** The process is larger than it may be. */
  tooLarge = false
  readonly #retired = new Set<number>()
  readonly #timers: NodeJS.Timeout[] = []

  constructor(options: ResolvedOptions, events: ServiceEvents) {
    this.options = options
    const { provider, maxPixels, maxBatch, workers, workerMemory, queue, maxDelay, timeout } = options
    this.metrics = createMetrics({
      waiting: () => this.dispatcher.waiting,
      workers: () => this.pool.alive,
      busy: () => this.pool.busy,
      models: () => this.repository.models.length,
    })
    this.pool = new WorkerPool({
      entry: new URL('./pool/worker-entry.js', import.meta.url),
      size: workers,
      settings: { provider, threads: 1, maxPixels, maxBatch },
      workerMemory,
      onFree: () => this.dispatcher.pump(),
      onLost: (reason) => {
        this.metrics.lost.inc()
        events.onLost(reason)
      },
    })
    this.dispatcher = new Dispatcher({
      pool: this.pool,
      maxBatch,
      maxDelay,
      queue,
      queueBytes: QUEUE_BYTES,
      hangAfter: timeout + HANG_GRACE,
      onBatch: ({ kind, rows, seconds }) => {
        this.metrics.batches.observe({ kind }, rows)
        this.metrics.batchSeconds.observe({ kind }, seconds)
      },
      onIdle: (generation) => this.#closeIfDone(generation),
    })
    this.repository = new ModelRepository({
      folder: options.models,
      open: (model) => this.pool.open(model),
      retire: ({ generation }) => {
        this.#retired.add(generation)
        this.#closeIfDone(generation)
      },
      onChange: (change) => {
        this.metrics.changes.inc({ outcome: change.outcome.split(':', 1)[0] as string })
        events.onChange(change)
      },
    })
  }

  /** @throws UserError INPUT where there is no models folder now; one that vanishes later may come back. */
  async start(): Promise<void> {
    await scanFolder(this.options.models)
    // libvips and ONNX Runtime stay loaded for as long as the process: a thread that ends must not unload them under the others.
    await Promise.all([import('../image/sharp.js').then(({ loadSharp }) => loadSharp()), loadRuntimeHere()])
    this.metrics.collectProcess()
    this.pool.start()
    await this.repository.scan()
    this.#every(this.options.reload, () => void this.repository.scan())
    this.#watchMemory()
  }

  /** Whether inference would work now. */
  get ready(): boolean {
    return !this.stopping && this.repository.ready && this.repository.models.every((model) => this.servable(model))
  }

  /** Bytes of resident memory beyond which it takes no more requests. */
  get memoryLimit(): number {
    const models = this.repository.models.reduce((sum, { bytes }) => sum + bytes.byteLength, 0)
    // Each worker has the weights, the event loop's thread the file, and one copy is being read.
    return this.options.memory ?? MEMORY_WITHOUT_MODELS + (this.options.workers + 2) * models
  }

  /** What is wrong, where something is. */
  get health(): Health {
    // Workers that cannot start although they are tried again and again: nothing but a new process may help.
    const live = this.pool.broken ? 'its workers do not start' : ''
    if (this.ready) return { live, ready: '' }
    return { live, ready: this.stopping ? 'the server stops' : this.repository.problem || 'its workers start' }
  }

  servable({ generation }: ServedModel): boolean {
    return this.pool.serves(generation)
  }

  /** Models by name: the one asked for, or the default. */
  model(name: string | undefined, version?: string): ServedModel {
    return this.repository.find(name ?? this.#defaultName(), version)
  }

  run<Input, Output>(
    kind: LaneKind<Input, Output>,
    model: ServedModel,
    submission: Omit<Submission<Input>, 'generation'>,
  ): Promise<Output> {
    return this.dispatcher.submit(kind, { ...submission, generation: model.generation })
  }

  async stop(): Promise<void> {
    this.stopping = true
    for (const timer of this.#timers) clearInterval(timer)
    this.dispatcher.stop()
    await this.pool.stop()
  }

  #defaultName(): string {
    const { defaultModel } = this.options
    if (defaultModel !== undefined) return defaultModel
    const names = this.repository.models.map(({ name }) => name)
    return names.includes(DEFAULT_MODEL) ? DEFAULT_MODEL : (names[0] ?? DEFAULT_MODEL)
  }

  #closeIfDone(generation: number): void {
    if (!this.#retired.has(generation) || this.dispatcher.pending(generation) > 0) return
    this.#retired.delete(generation)
    this.dispatcher.removeLanes(generation)
    this.pool.close(generation)
  }

  /** Native memory cannot be told by thread: where the process is too large, its workers are replaced in turn, the oldest first. */
  #watchMemory(): void {
    let last = Number.NEGATIVE_INFINITY
    this.#every(MEMORY_INTERVAL, () => {
      const rss = process.memoryUsage.rss()
      this.tooLarge = rss > this.memoryLimit
      const now = performance.now()
      if (!this.tooLarge || now - last < REPLACEMENT_INTERVAL) return
      const oldest = this.pool.threads.filter(({ retired }) => !retired).sort((a, b) => a.started - b.started)[0]
      if (oldest === undefined) return
      last = now
      this.pool.replace(oldest, `the process grew to ${Math.round(rss / 2 ** 20)} MiB`)
    })
  }

  #every(ms: number, action: () => void): void {
    const timer = setInterval(action, ms)
    timer.unref()
    this.#timers.push(timer)
  }
}

async function loadRuntimeHere(): Promise<void> {
  const { loadRuntime } = await import('../runtime/index.js')
  await loadRuntime()
}
