/** The global scope of a dedicated worker, as far as it is used here: TypeScript's types for pages and for workers exclude each other. */
export interface WorkerScope {
  readonly name: string
  readonly crossOriginIsolated: boolean
  postMessage(message: unknown, transfer?: Transferable[]): void
  addEventListener(type: 'message', listener: (event: MessageEvent) => void): void
}

export const scope = globalThis as unknown as WorkerScope
