/** tfjs's backends by our engines' names: what each needs, and how it is opened. */
import { UserError } from 'mnist-export'
import { loadTfjs, requireBackend, type Tfjs } from '../../tfjs/tfjs.js'
import type { EngineName } from '../names.js'

export interface TfjsBackend {
  readonly engine: EngineName
  /** Makes it tfjs's backend of the moment. Returns what it computes on, or throws what is missing. */
  open(): Promise<string>
}

/** TensorFlow's own kernels, through tfjs-node's binding. */
interface NativeBackend {
  readonly isUsingGpuDevice?: boolean
}

const native = (engine: EngineName, packageName: string, wantsGpu: boolean): TfjsBackend => ({
  engine,
  async open() {
    // Ours first: it is the core that the package registers itself with.
    const tf = await loadTfjs()
    if (loadPackage(engine, packageName) === undefined) throw notInstalled(engine, packageName)
    await setBackend(tf, engine, 'tensorflow')
    const { isUsingGpuDevice = false } = tf.core.backend() as NativeBackend
    if (wantsGpu && !isUsingGpuDevice) {
      throw new UserError(
        'ENVIRONMENT',
        `engine ${engine}: expected a GPU that TensorFlow can use, found none. Use --engine onnx`,
      )
    }
    return isUsingGpuDevice ? 'TensorFlow, GPU' : 'TensorFlow, CPU'
  },
})

const webgpu: TfjsBackend = {
  engine: 'tfjs-webgpu',
  async open() {
    const tf = await loadTfjs()
    const packageName = '@tensorflow/tfjs-backend-webgpu'
    const { navigator } = globalThis as { navigator?: object }
    if (navigator === undefined || !('gpu' in navigator)) {
      throw new UserError(
        'ENVIRONMENT',
        `engine tfjs-webgpu: expected WebGPU in this JavaScript engine, found none in Node ${process.versions.node}. Use --engine onnx`,
      )
    }
    if (loadPackage('tfjs-webgpu', packageName) === undefined) throw notInstalled('tfjs-webgpu', packageName)
    await setBackend(tf, 'tfjs-webgpu', 'webgpu')
    return 'WebGPU'
  },
}

const javascript: TfjsBackend = {
  engine: 'tfjs',
  async open() {
    const tf = await loadTfjs()
    await setBackend(tf, 'tfjs', 'cpu')
    return 'pure JavaScript, slow'
  },
}

export const TFJS_NODE = native('tfjs-node', '@tensorflow/tfjs-node', false)

export const TFJS_GPU = native('tfjs-gpu', '@tensorflow/tfjs-node-gpu', true)

/** By engine. `tfjs` itself is whichever there is: TensorFlow's kernels, or none but JavaScript's. */
export const TFJS_BACKENDS: Readonly<Partial<Record<EngineName, readonly TfjsBackend[]>>> = {
  'tfjs-gpu': [TFJS_GPU],
  'tfjs-node': [TFJS_NODE],
  'tfjs-webgpu': [webgpu],
  tfjs: [TFJS_GPU, TFJS_NODE, javascript],
}

function loadPackage(engine: EngineName, packageName: string): unknown {
  try {
    return requireBackend(packageName)
  } catch (cause) {
    throw new UserError(
      'ENVIRONMENT',
      `engine ${engine}: expected ${packageName} to load, found: ${firstLine(cause)}. Install it again, or use --engine onnx`,
      { cause },
    )
  }
}

function notInstalled(engine: EngineName, packageName: string): UserError {
  return new UserError(
    'ENVIRONMENT',
    `engine ${engine}: expected the package ${packageName}, found it not installed. Run: npm install --no-save ${packageName}@4.22.0, or use --engine onnx`,
  )
}

async function setBackend({ core }: Tfjs, engine: EngineName, backend: string): Promise<void> {
  if (await core.setBackend(backend)) return
  throw new UserError(
    'ENVIRONMENT',
    `engine ${engine}: expected tfjs's backend ${backend} to start, found that it did not. Use --engine onnx`,
  )
}

function firstLine(error: unknown): string {
  return (error instanceof Error ? error.message : String(error)).split('\n', 1)[0] ?? ''
}
