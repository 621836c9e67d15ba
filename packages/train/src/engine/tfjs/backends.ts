/** tfjs's backends by our engines' names: what each needs, and how it is opened. */
import { loadTfjs, requireBackend, type Tfjs } from '../../tfjs/tfjs.js'
import type { EngineName } from '../names.js'
import { UnavailableEngine } from '../unavailable.js'

export interface TfjsBackend {
  readonly engine: EngineName
  /**
   * Makes it tfjs's backend of the moment, and returns what it computes on, in words.
   * @throws UnavailableEngine where something is missing
   */
  open(): Promise<string>
}

/** What we read of tfjs-node's backend. */
interface NativeBackend {
  readonly isUsingGpuDevice?: boolean
}

/** TensorFlow's own kernels, through tfjs-node's binding. */
const native = (engine: EngineName, packageName: string, wantsGpu: boolean): TfjsBackend => ({
  engine,
  async open() {
    // Ours first: it is the core that the package registers itself with.
    const tf = await loadTfjs()
    loadPackage(engine, packageName)
    await setBackend(tf, engine, 'tensorflow')
    const { isUsingGpuDevice = false } = tf.core.backend() as NativeBackend
    if (isUsingGpuDevice) return 'TensorFlow, GPU'
    if (!wantsGpu) return 'TensorFlow, CPU'
    throw new UnavailableEngine(engine, {
      expected: 'a GPU that TensorFlow can use',
      found: 'none',
      brief: 'finds no GPU',
    })
  },
})

const webgpu: TfjsBackend = {
  engine: 'tfjs-webgpu',
  async open() {
    const { navigator } = globalThis as { navigator?: object }
    if (navigator === undefined || !('gpu' in navigator)) {
      throw new UnavailableEngine('tfjs-webgpu', {
        expected: 'WebGPU (navigator.gpu)',
        found: `none in Node ${process.versions.node}`,
        brief: 'finds no WebGPU',
      })
    }
    const tf = await loadTfjs()
    loadPackage('tfjs-webgpu', '@tensorflow/tfjs-backend-webgpu')
    await setBackend(tf, 'tfjs-webgpu', 'webgpu')
    return 'WebGPU'
  },
}

const javascript: TfjsBackend = {
  engine: 'tfjs',
  async open() {
    await setBackend(await loadTfjs(), 'tfjs', 'cpu')
    return 'pure JavaScript, slow'
  },
}

export const TFJS_GPU = native('tfjs-gpu', '@tensorflow/tfjs-node-gpu', true)

const TFJS_NODE = native('tfjs-node', '@tensorflow/tfjs-node', false)

/** By engine. `tfjs` itself is whichever there is: TensorFlow's kernels, or none but JavaScript's. */
export const TFJS_BACKENDS: Readonly<Partial<Record<EngineName, readonly TfjsBackend[]>>> = {
  'tfjs-gpu': [TFJS_GPU],
  'tfjs-node': [TFJS_NODE],
  'tfjs-webgpu': [webgpu],
  tfjs: [TFJS_GPU, TFJS_NODE, javascript],
}

/** Loads a package that registers a backend when it is loaded. */
function loadPackage(engine: EngineName, packageName: string): void {
  let isInstalled: boolean
  try {
    isInstalled = requireBackend(packageName) !== undefined
  } catch (cause) {
    const why = (cause instanceof Error ? cause.message : String(cause)).split('\n', 1)[0] ?? ''
    throw new UnavailableEngine(engine, {
      expected: `${packageName} to load`,
      found: why,
      remedy: 'Install it again',
      brief: `does not load (${why})`,
      cause,
    })
  }
  if (isInstalled) return
  throw new UnavailableEngine(engine, {
    expected: `the package ${packageName}`,
    found: 'it not installed',
    remedy: `Run: npm install --no-save ${packageName}@4.22.0`,
    brief: 'is not installed',
  })
}

async function setBackend({ core }: Tfjs, engine: EngineName, backend: string): Promise<void> {
  if (await core.setBackend(backend)) return
  throw new UnavailableEngine(engine, {
    expected: `tfjs's backend ${backend} to start`,
    found: 'that it did not',
    brief: 'does not start',
  })
}
