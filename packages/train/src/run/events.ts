/** The log of a run, beside its epochs: which engine trained it from when on, and where it was cut. */
export interface RunEvent {
  readonly type: 'start' | 'resume' | 'interrupted' | 'collapsed' | 'finished'
  /** ISO 8601, UTC. */
  readonly time: string
  readonly epoch: number
  readonly batch: number
  /** The engine with its device, and why it was chosen. */
  readonly engine?: string
  readonly reason?: string
  readonly threads?: number
  readonly version?: string
}
