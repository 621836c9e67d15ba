/** Downloads the runtime's binary here, in the page, for a worker that is only starting. */
import { problemReport } from '../problem.js'
import { BINARIES, tryWebAssembly } from './binaries.js'
import { downloadFile } from './download.js'
import type { BinaryNews } from './protocol.js'
import type { WorkerClient } from './worker-client.js'

const offered = new WeakSet<WorkerClient>()

/** Once for each worker; later calls do nothing. What goes wrong is the worker's to tell, when it opens a model. */
export function offerBinary(worker: WorkerClient): void {
  if (offered.has(worker)) return
  offered.add(worker)
  try {
    tryWebAssembly()
  } catch {
    return
  }
  const tell = (news: BinaryNews, transfer: Transferable[] = []): void => {
    worker.request('binary', news, { transfer }).catch(() => {})
  }
  tell({ type: 'coming' })
  const onProgress = (loaded: number, total: number): void => tell({ type: 'progress', loaded, total })
  downloadFile(BINARIES.wasm.href, { immutable: true, onProgress }).then(
    ({ bytes, kept }) => tell({ type: 'here', bytes, kept }, [bytes.buffer]),
    (error: unknown) => tell({ type: 'failed', ...problemReport(error) }),
  )
}
