/** What there is on this machine: engines, providers, GPUs, and what mends those that are missing. */
export type { Finding } from './finding.js'
export { type Gpu, isOlder, nvidiaGpus } from './gpu.js'
export { describeMachine, type Machine } from './machine.js'
export { checkProviders } from './providers.js'
export { type DoctorReport, reportText } from './report.js'
