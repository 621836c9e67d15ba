/**
 * ONNX Runtime's CUDA provider in the user's cache. ONNX Runtime looks for it beside its own library, so that the set-up copies the package's
 * binary there and puts the provider next to it: node_modules stays as npm made it, and `npm ci` loses nothing.
 */
import { existsSync } from 'node:fs'
import { createRequire, Module } from 'node:module'
import { constants } from 'node:os'
import { dirname, join } from 'node:path'
import { cacheFolder } from '../mnist/cache-folder.js'
import { preloadLibraries } from './libraries.js'

const require = createRequire(import.meta.url)

/** What the provider of 1.30 needs of CUDA 13 and cuDNN 9, each after those that it needs itself. */
export const CUDA_LIBRARIES = [
  'libcudart.so.13',
  'libnvrtc.so.13',
  'libnvJitLink.so.13',
  'libcublasLt.so.13',
  'libcublas.so.13',
  'libcurand.so.10',
  'libcufft.so.12',
  'libcudnn.so.9',
] as const

export const PROVIDER_FILES = ['libonnxruntime_providers_shared.so', 'libonnxruntime_providers_cuda.so'] as const

/** What NVIDIA's driver makes: on Linux, and in WSL 2. */
const GPU_DEVICES = ['/dev/nvidiactl', '/dev/dxg']

const BINDING = 'onnxruntime_binding.node'

/** Version of the onnxruntime-node that is installed. */
export function runtimeVersion(): string {
  return require('onnxruntime-node/package.json').version
}

/** Folder with the package's binary for this machine. */
export function packageBinaries(): string {
  const root = dirname(require.resolve('onnxruntime-node/package.json'))
  return join(root, 'bin', 'napi-v6', process.platform, process.arch)
}

/** Where the set-up keeps the library: `bin/` with the binaries, `nvidia/` with CUDA's own. */
export function cudaFolder(environment: NodeJS.ProcessEnv = process.env): string {
  return join(cacheFolder(environment), 'onnxruntime-cuda', `${runtimeVersion()}-${process.platform}-${process.arch}`)
}

/** The folder where it has been set up for this version of onnxruntime-node; else undefined. */
export function findCudaFolder(): string | undefined {
  if (process.platform !== 'linux') return undefined
  const folder = cudaFolder()
  return existsSync(join(folder, 'bin', PROVIDER_FILES[1])) ? folder : undefined
}

/** Has onnxruntime-node, which must not be loaded yet, load its binary from `folder`: the same file, with the provider beside it. */
export function useCudaFolder(folder: string): void {
  const usual = join(packageBinaries(), BINDING)
  const loaded = new Module(usual)
  process.dlopen(loaded, join(folder, 'bin', BINDING), constants.dlopen.RTLD_LAZY)
  loaded.loaded = true
  require.cache[usual] = loaded
}

/** Why CUDA can't be had, where that is plain before it is tried: words for a user. */
export function cudaObstacle(): string | undefined {
  if (process.platform !== 'linux') return `no CUDA for onnxruntime-node on ${process.platform}`
  if (!GPU_DEVICES.some((path) => existsSync(path))) return 'no NVIDIA GPU'
  if (findCudaFolder() !== undefined || existsSync(join(packageBinaries(), PROVIDER_FILES[1]))) return undefined
  return 'its library is not set up'
}

/** Loads what the CUDA provider in `folder` needs. */
export function preloadCuda(folder: string): void {
  preloadLibraries(folder, CUDA_LIBRARIES)
}

/** What the system's loader says of the CUDA provider in `folder`, which ONNX Runtime keeps to itself; undefined where it loads. */
export function cudaLoadError(folder: string): string | undefined {
  try {
    process.dlopen({ exports: {} }, join(folder, 'bin', PROVIDER_FILES[1]), constants.dlopen.RTLD_LAZY)
  } catch (error) {
    const said = (error as Error).message.split('\n', 1)[0] ?? ''
    // It is no addon: where it loads, that is what Node says.
    return said.includes('did not self-register') ? undefined : said
  }
  return undefined
}
