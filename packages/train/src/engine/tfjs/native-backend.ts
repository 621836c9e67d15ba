/**
 * tfjs-node's backend without tfjs-node's entry point: its kernels and its binding, registered with the tfjs that is loaded already. The
 * package itself would bring a second tfjs, and an installer's tools.
 */
import util from 'node:util'
import { preloadLibraries } from 'mnist-infer/setup'
import { CUDA_12_LIBRARIES } from '../../setup/tensorflow-wheels.js'
import type { Tfjs } from '../../tfjs/tfjs.js'
import { convolveGradients } from './convolution-gradients.js'
import { foreignLoader } from './foreign-modules.js'
import type { NativeTensorflow } from './native-folder.js'
import { registerNativeGradients } from './native-gradients.js'
import type { NativeKernelBackend } from './native-kernel-backend.js'

/** tfjs's name for it. */
export const NATIVE_BACKEND = 'tensorflow'

interface KernelModule {
  readonly NodeJSKernelBackend: new (binding: object, packageName: string) => NativeKernelBackend
}

/** What we read of the binding itself. */
interface Binding {
  readonly TF_Version: string
}

export interface NativeOptions {
  /** CPU threads within an operation. */
  readonly threads: number
  readonly wantsGpu: boolean
}

/** Version of the TensorFlow that is loaded. One a process: a second beside the first would crash it. */
let loaded: string | undefined

/** Registers the backend, once, and returns TensorFlow's version. Any error is the loader's. */
export function registerNative(tf: Tfjs, native: NativeTensorflow, { threads, wantsGpu }: NativeOptions): string {
  if (loaded !== undefined) return loaded
  prepareEnvironment(threads)
  if (wantsGpu && native.libraries !== undefined) preloadLibraries(native.libraries, CUDA_12_LIBRARIES)
  const binding = { exports: {} as Binding }
  process.dlopen(binding, native.binding)
  const load = foreignLoader(native.sources, {
    modules: {
      '@tensorflow/tfjs': { ...tf.core, ...tf.layers },
      '@tensorflow/tfjs-core': tf.core,
      util: oldUtil(util),
      // Protocol buffers of saved models and TensorBoard, which no kernel needs.
      './proto/api_pb': {},
    },
  })
  load('dist/register_all_kernels.js')
  const { NodeJSKernelBackend } = load('dist/nodejs_kernel_backend.js') as KernelModule
  const packageName = wantsGpu ? '@tensorflow/tfjs-node-gpu' : '@tensorflow/tfjs-node'
  tf.core.registerBackend(NATIVE_BACKEND, () => new NodeJSKernelBackend(binding.exports, packageName))
  registerNativeGradients(tf, NATIVE_BACKEND)
  convolveGradients(tf, NATIVE_BACKEND)
  loaded = binding.exports.TF_Version
  return loaded
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
