/** What the server counts, for Prometheus: one registry a server, so that two in one process do not mix. */
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client'

export interface Gauges {
  /** Read when the metrics are asked for. */
  readonly waiting: () => number
  readonly workers: () => number
  readonly busy: () => number
  readonly models: () => number
}

/** Seconds: from a digit alone on a quick network to a large photograph on a large one. */
const SECONDS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10]

export type ServerMetrics = ReturnType<typeof createMetrics>

export function createMetrics(gauges: Gauges) {
  const registry = new Registry()
  const registers = [registry]
  const gauge = (name: string, help: string, read: () => number): void => {
    new Gauge({
      name,
      help,
      registers,
      collect() {
        this.set(read())
      },
    })
  }
  gauge('mnist_queue_waiting', 'Requests that wait for a worker', gauges.waiting)
  gauge('mnist_workers', 'Workers that run', gauges.workers)
  gauge('mnist_workers_busy', 'Workers that have a batch', gauges.busy)
  gauge('mnist_models', 'Models that are served', gauges.models)
  return {
    registry,
    /** The process's own: memory, event loop, garbage collection. Starts observers, so not before the server does. */
    collectProcess: (): void => collectDefaultMetrics({ register: registry }),
    requests: new Histogram({
      name: 'mnist_http_request_seconds',
      help: 'Time from a request to its response, in seconds',
      labelNames: ['route', 'status'] as const,
      buckets: SECONDS,
      registers,
    }),
    batches: new Histogram({
      name: 'mnist_batch_rows',
      help: 'Rows of a batch',
      labelNames: ['kind'] as const,
      buckets: [1, 2, 4, 8, 16, 32, 64, 128, 256, 1024],
      registers,
    }),
    batchSeconds: new Histogram({
      name: 'mnist_batch_seconds',
      help: 'Time of a batch in a worker, in seconds',
      labelNames: ['kind'] as const,
      buckets: SECONDS,
      registers,
    }),
    refused: new Counter({
      name: 'mnist_refused_total',
      help: 'Requests that were turned away',
      labelNames: ['reason'] as const,
      registers,
    }),
    lost: new Counter({ name: 'mnist_workers_lost_total', help: 'Workers that ended and were replaced', registers }),
    changes: new Counter({
      name: 'mnist_model_changes_total',
      help: 'Models opened, replaced, removed or refused',
      labelNames: ['outcome'] as const,
      registers,
    }),
  }
}
