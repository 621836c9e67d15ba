import type { KernelBackend, Tensor } from '@tensorflow/tfjs-core'

/** What we read of tfjs-node 4.22's backend (nodejs_kernel_backend.ts), which has no types of its own here. */
export interface NativeKernelBackend extends KernelBackend {
  readonly isUsingGpuDevice?: boolean
  readonly binding: Readonly<
    Record<'TF_FLOAT' | 'TF_ATTR_TYPE' | 'TF_ATTR_FLOAT' | 'TF_ATTR_STRING' | 'TF_ATTR_BOOL', number>
  >
  /** Runs TensorFlow's operation of that name. */
  executeMultipleOutputs(
    name: string,
    attributes: readonly object[],
    inputs: readonly Tensor[],
    outputs: number,
  ): Tensor[]
}
