/** The machine and the versions on it. */
import { cpus, release, totalmem } from 'node:os'
import { cudaFolder, findCudaFolder, runtimeVersion } from '../runtime/cuda-library.js'
import { readSeal } from '../setup/staging.js'
import { type Gpu, nvidiaGpus } from './gpu.js'

export interface Machine {
  readonly node: string
  /** linux x64, 6.1.0 */
  readonly platform: string
  readonly cpu: string
  readonly cores: number
  readonly memoryMiB: number
  readonly gpus: readonly Gpu[]
  /** By package or library. */
  readonly versions: Readonly<Record<string, string>>
}

export async function describeMachine(): Promise<Machine> {
  const processors = cpus()
  const cuda = findCudaFolder() === undefined ? undefined : await readSeal(cudaFolder())
  return {
    node: process.versions.node,
    platform: `${process.platform} ${process.arch}, ${release()}`,
    cpu: processors[0]?.model.trim() ?? 'unknown',
    cores: processors.length,
    memoryMiB: Math.round(totalmem() / 2 ** 20),
    gpus: await nvidiaGpus(),
    versions: {
      'onnxruntime-node': runtimeVersion(),
      ...(cuda === undefined ? {} : { 'CUDA provider': `${cuda.facts.version}, CUDA ${cuda.facts.cuda}` }),
    },
  }
}
