/**
 * tfjs-node's backend without tfjs-node's entry point: its kernels and its binding, registered with the tfjs that is loaded already. The
 * package itself would bring a second tfjs, and an installer's tools.
 */
import { readFileSync } from 'node:fs'
import { createRequire, isBuiltin } from 'node:module'
import { dirname, join } from 'node:path'
import { compileFunction } from 'node:vm'
import type { KernelBackend } from '@tensorflow/tfjs-core'
import { preloadLibraries } from 'mnist-infer/setup'
import { CUDA_12_LIBRARIES } from '../../setup/tensorflow-wheels.js'
import type { Tfjs } from '../../tfjs/tfjs.js'
import type { NativeTensorflow } from './native-folder.js'

/** tfjs's name for it. */
export const NATIVE_BACKEND = 'tensorflow'

interface KernelModule {
  readonly NodeJSKernelBackend: new (binding: object, packageName: string) => KernelBackend
}

export interface NativeOptions {
  /** CPU threads within an operation. */
  readonly threads: number
  readonly wantsGpu: boolean
}

/** One a process: a second TensorFlow beside the first would crash it. */
let registered: NativeTensorflow | undefined

/** Registers the backend, once. Any error is the loader's. */
export function registerNative(tf: Tfjs, native: NativeTensorflow, { threads, wantsGpu }: NativeOptions): void {
  if (registered !== undefined) return
  prepareEnvironment(threads)
  if (wantsGpu && native.libraries !== undefined) preloadLibraries(native.libraries, CUDA_12_LIBRARIES)
  const binding = { exports: {} }
  process.dlopen(binding, native.binding)
  const load = moduleLoader(tf, native.sources)
  load('dist/register_all_kernels.js')
  const { NodeJSKernelBackend } = load('dist/nodejs_kernel_backend.js') as KernelModule
  const packageName = wantsGpu ? '@tensorflow/tfjs-node-gpu' : '@tensorflow/tfjs-node'
  tf.core.registerBackend(NATIVE_BACKEND, () => new NodeJSKernelBackend(binding.exports, packageName))
  registered = native
}

/** TensorFlow reads these when it starts. What the user has set stays. */
function prepareEnvironment(threads: number): void {
  const defaults: Readonly<Record<string, string>> = {
    TF_NUM_INTRAOP_THREADS: String(threads),
    // Of our steps' operations nearly all wait for the one before.
    TF_NUM_INTEROP_THREADS: '1',
    // Errors alone: they come back as exceptions besides.
    TF_CPP_MIN_LOG_LEVEL: '2',
    // Otherwise it takes the whole GPU's memory, whatever the network.
    TF_FORCE_GPU_ALLOW_GROWTH: 'true',
  }
  for (const [name, value] of Object.entries(defaults)) process.env[name] ??= value
}

/** Loads CommonJS files below `root`, each once, with the tfjs that is here for theirs. */
function moduleLoader(tf: Tfjs, root: string): (path: string) => object {
  const require = createRequire(join(root, 'package.json'))
  const tfjs = { ...tf.core, ...tf.layers }
  const given: Readonly<Record<string, object>> = {
    '@tensorflow/tfjs': tfjs,
    '@tensorflow/tfjs-core': tf.core,
    util: oldUtil(require('node:util')),
    // Protocol buffers of saved models and TensorBoard, which no kernel needs.
    './proto/api_pb': {},
  }
  const modules = new Map<string, { exports: object }>()
  const loadFile = (file: string): object => {
    const known = modules.get(file)
    if (known !== undefined) return known.exports
    const module = { exports: {} }
    modules.set(file, module)
    const requireFrom = (name: string): object => {
      const found = given[name]
      if (found !== undefined) return found
      if (isBuiltin(name)) return require(name)
      if (!name.startsWith('.')) throw new Error(`internal: tfjs-node's kernels want ${name}`)
      return loadFile(`${join(dirname(file), name).replace(/\.js$/, '')}.js`)
    }
    const run = compileFunction(readFileSync(file, 'utf8'), ['exports', 'require', 'module'], { filename: file })
    run.call(module.exports, module.exports, requireFrom, module)
    return module.exports
  }
  return (path) => loadFile(join(root, path))
}

/**
 * `util` as tfjs-node 4.22 knows it. Node 23 dropped `isNullOrUndefined` and `isArray` (DEP0051, DEP0044), which its kernels call; they get
 * them back, and nobody else does (tensorflow/tfjs#8609).
 */
function oldUtil(util: object): object {
  return {
    ...util,
    isArray: Array.isArray,
    isNullOrUndefined: (value: unknown) => value === null || value === undefined,
  }
}
