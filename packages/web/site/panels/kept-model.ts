/** The taught network, in the browser's own storage (IndexedDB): one, with the examples that it learned from. */
import type { Example } from 'mnist-digit'

export interface KeptModel {
  readonly network: string
  readonly model: Uint8Array
  readonly examples: readonly Example[]
}

const [DATABASE, STORE, KEY] = ['mnist-digit', 'taught', 'model']

export async function keepModel(model: KeptModel): Promise<void> {
  await inStore('readwrite', (store) => store.put(model, KEY))
}

export async function keptModel(): Promise<KeptModel | undefined> {
  return (await inStore('readonly', (store) => store.get(KEY))) as KeptModel | undefined
}

export async function forgetModel(): Promise<void> {
  await inStore('readwrite', (store) => store.delete(KEY))
}

async function inStore(mode: IDBTransactionMode, work: (store: IDBObjectStore) => IDBRequest): Promise<unknown> {
  const opening = indexedDB.open(DATABASE, 1)
  opening.onupgradeneeded = () => void opening.result.createObjectStore(STORE)
  const database = (await settled(opening)) as IDBDatabase
  try {
    return await settled(work(database.transaction(STORE, mode).objectStore(STORE)))
  } finally {
    database.close()
  }
}

function settled(request: IDBRequest): Promise<unknown> {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result)
    request.onerror = () => reject(request.error ?? new Error('the browser refuses'))
  })
}
