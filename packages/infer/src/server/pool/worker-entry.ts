/** A worker thread: sessions of the served models, one task at a time. ONNX Runtime's `run` blocks whichever thread it is called on. */
import { getHeapStatistics } from 'node:v8'
import { type MessagePort, parentPort, type Transferable, workerData } from 'node:worker_threads'
import type { OutputRows, Reply, Task, TaskMessage, TaskResults, WorkerSettings } from './messages.js'
import { type ModelRunner, openRunner } from './model-runner.js'
import { plainError } from './plain-error.js'
import { readPictures } from './read-pictures.js'

const settings = workerData as WorkerSettings
const port = parentPort as MessagePort
const runners = new Map<number, ModelRunner>()

/** The main thread sends the next task when it has the last one's reply, so that nothing queues up here. */
port.on('message', (message: TaskMessage) => {
  // Whatever is in progress is done again elsewhere; no native call is, for those block.
  if (message.kind === 'exit') process.exit()
  void answer(message)
})

async function answer(message: Exclude<TaskMessage, { kind: 'exit' }>): Promise<void> {
  const { id } = message
  try {
    const result = await perform(message)
    const transfer = message.kind === 'infer' ? buffersOf(result as TaskResults['infer']) : []
    reply({ id, heap: heapBytes(), result }, transfer)
  } catch (error) {
    reply({ id, heap: heapBytes(), error: plainError(error) })
  }
}

function reply(message: Reply, transfer: readonly Transferable[] = []): void {
  port.postMessage(message, transfer)
}

async function perform(task: Task): Promise<TaskResults[Task['kind']]> {
  switch (task.kind) {
    case 'open':
      runners.set(task.generation, await openRunner(task, settings))
      return null
    case 'close': {
      const runner = runners.get(task.generation)
      runners.delete(task.generation)
      await runner?.close()
      return null
    }
    case 'infer':
      return runnerOf(task.generation).run(task.values)
    case 'classify':
      return readPictures(runnerOf(task.generation), task.pictures, settings.maxPixels)
  }
}

function runnerOf(generation: number): ModelRunner {
  const runner = runners.get(generation)
  if (runner === undefined) throw new Error(`internal: generation ${generation} is not open in this worker`)
  return runner
}

/** Outputs may be views of one buffer, or the runtime's own memory: those are copied by the message. */
function buffersOf(outputs: readonly OutputRows[]): Transferable[] {
  const buffers = outputs.flatMap(({ data }) =>
    data.byteLength === data.buffer.byteLength && data.buffer instanceof ArrayBuffer ? [data.buffer] : [],
  )
  return [...new Set(buffers)]
}

function heapBytes(): number {
  const { used_heap_size, external_memory } = getHeapStatistics()
  return used_heap_size + external_memory
}
