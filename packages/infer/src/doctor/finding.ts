/** What a doctor finds of one engine or provider. */
export interface Finding {
  readonly kind: 'engine' | 'provider'
  readonly name: string
  readonly works: boolean
  /** What it runs on; or why it can't be had. */
  readonly detail: string
  /** The command that mends it, or what else does. */
  readonly remedy?: string
  /** Of LeNet-5, batch 256; absent where it was not measured. */
  readonly imagesPerSecond?: number
  /** Resident memory of the process that measured, in MiB. */
  readonly memoryMiB?: number
}
