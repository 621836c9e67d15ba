/** A server of this process with a small model, and what its tests send. */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { generateDigits } from 'mnist-infer/mnist'
import { float32, openSession } from 'mnist-infer/runtime'
import { createServer, type DigitServer, type ServerAddress, type ServerOptions } from 'mnist-infer/server'
import { templateModel } from './template-model.js'

export interface TestServer extends AsyncDisposable {
  readonly url: string
  readonly server: DigitServer
  /** The models folder; it holds `lenet5.onnx`. */
  readonly models: string
  /** The lines of its log so far. */
  readonly log: readonly string[]
  /** Of the health port; empty where none was asked for. */
  readonly health: string
}

/** Starts one on a free port of loopback; it is never too late for work, however busy the machine is with other tests. */
export async function startServer(
  options: Partial<ServerOptions> = {},
  address: ServerAddress = {},
): Promise<TestServer> {
  const folder = await mkdtemp(join(tmpdir(), 'digit server '))
  const models = join(folder, 'models')
  await mkdir(models)
  await writeFile(join(models, 'lenet5.onnx'), templateModel())
  const log: string[] = []
  const server = createServer(
    { models, workers: 2, reload: 100, lateness: 0, ...options },
    { log: { write: (line) => void log.push(line) } },
  )
  const url = await server.listen({ port: 0, ...address })
  return {
    url,
    health: /Health answered at ([^"]+)"/.exec(log.join('\n'))?.[1] ?? '',
    server,
    models,
    log,
    async [Symbol.asyncDispose]() {
      await server.close()
      await rm(folder, { recursive: true })
    },
  }
}

export const PIXELS = 784

/** Generated digits as the model's input, [count, 1, 28, 28], 0…1. */
export function digitRows(count: number, seed: number): Float32Array {
  const { images } = generateDigits({ count, seed })
  return Float32Array.from(images, (value) => value / 255)
}

export interface InferAnswer {
  readonly id?: string
  readonly model_name: string
  readonly model_version: string
  readonly outputs: readonly {
    readonly name: string
    readonly datatype: string
    readonly shape: readonly number[]
    readonly data: readonly number[]
  }[]
}

/** The body of an inference request of JSON. */
export function inferBody(values: Float32Array, extra: object = {}): string {
  const shape = [values.length / PIXELS, 1, 28, 28]
  return JSON.stringify({ ...extra, inputs: [{ name: 'image', datatype: 'FP32', shape, data: Array.from(values) }] })
}

export function postInfer(url: string, body: BodyInit, headers: Record<string, string> = {}): Promise<Response> {
  return fetch(`${url}/v2/models/lenet5/infer`, { method: 'POST', body, headers })
}

/** Rows of an output, [rows][10]. */
export function outputRows(answer: InferAnswer, name: string): number[][] {
  const { data = [] } = answer.outputs.find((output) => output.name === name) ?? {}
  return Array.from({ length: data.length / 10 }, (_, row) => data.slice(10 * row, 10 * row + 10))
}

/** Waits for a condition, looking often; the test's own time limit is its end. */
export async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await condition())) await new Promise((resolve) => setTimeout(resolve, 10))
}

/** A vertical stroke, dark on light. */
export function strokeOn(side: number): Uint8Array {
  return Uint8Array.from({ length: side * side }, (_, index) => {
    const [x, y] = [index % side, Math.floor(index / side)]
    return x > side / 2 - 3 && x < side / 2 + 3 && y > 10 && y < side - 10 ? 10 : 245
  })
}

/** The model's own outputs, by ONNX Runtime without a server. */
export async function direct(values: Float32Array) {
  const session = await openSession(templateModel(), { provider: 'cpu', threads: 1 })
  const { logits, probabilities } = await session.run({ image: float32(values, [values.length / PIXELS, 1, 28, 28]) })
  await session.close()
  return { logits: logits?.data as Float32Array, probabilities: probabilities?.data as Float32Array }
}
