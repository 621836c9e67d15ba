/** What there is on this machine: GPUs, providers, and what mends those that are missing. */
export { type Gpu, isOlder, nvidiaGpus } from './gpu.js'
