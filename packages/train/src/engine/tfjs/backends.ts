/** tfjs's backends by our engines' names: what each needs, and how it is opened. */
import { existsSync } from 'node:fs'
import { damage, readSeal } from 'mnist-infer/setup'
import { loadTfjs, type Tfjs } from '../../tfjs/tfjs.js'
import type { EngineOptions } from '../engine.js'
import type { EngineName } from '../names.js'
import { UnavailableEngine } from '../unavailable.js'
import { NATIVE_BACKEND, registerNative } from './native-backend.js'
import { type NativeTensorflow, nativeTensorflows } from './native-folder.js'
import type { NativeKernelBackend } from './native-kernel-backend.js'
import { openWebgpu } from './webgpu-backend.js'

export type BackendOptions = Pick<EngineOptions, 'threads'> & {
  /** Whether a GPU that is none, a program on the CPU, will do: it does where the engine was asked for by name. */
  readonly softwareGpu: boolean
}

export interface TfjsBackend {
  readonly engine: EngineName
  /**
   * Makes it tfjs's backend of the moment, and returns what it computes on, in words.
   * @throws UnavailableEngine where something is missing
   */
  open(options: BackendOptions): Promise<string>
}

interface NativeKind {
  readonly engine: EngineName
  readonly packageName: string
  readonly wantsGpu: boolean
}

/** What NVIDIA's driver makes: on Linux, and in WSL 2. */
const GPU_DEVICES = ['/dev/nvidiactl', '/dev/dxg']

/** TensorFlow's own kernels, through tfjs-node's binding. */
const native = ({ engine, packageName, wantsGpu }: NativeKind): TfjsBackend => ({
  engine,
  async open({ threads }) {
    // Loading TensorFlow to find no GPU takes seconds, and decides which one the process has.
    if (wantsGpu && !GPU_DEVICES.some((path) => existsSync(path))) {
      throw new UnavailableEngine(engine, { expected: 'an NVIDIA GPU', found: 'none', brief: 'finds no NVIDIA GPU' })
    }
    const tf = await loadTfjs()
    const tensorflow = await loadNative(tf, { engine, packageName, wantsGpu }, threads)
    await setBackend(tf, engine, NATIVE_BACKEND)
    const { isUsingGpuDevice = false } = tf.core.backend() as NativeKernelBackend
    if (isUsingGpuDevice && wantsGpu) return `TensorFlow ${tensorflow.version}, GPU`
    if (!wantsGpu)
      return `TensorFlow ${tensorflow.version}, ${isUsingGpuDevice ? 'GPU' : `CPU, ${threadsText(threads)}`}`
    throw new UnavailableEngine(engine, {
      expected: 'a GPU that TensorFlow can use',
      found: 'none',
      remedy: 'TF_CPP_MIN_LOG_LEVEL=0 has TensorFlow say why',
      brief: 'finds no GPU that TensorFlow can use',
    })
  },
})

const javascript: TfjsBackend = {
  engine: 'tfjs',
  async open() {
    await setBackend(await loadTfjs(), 'tfjs', 'cpu')
    return 'pure JavaScript, slow'
  },
}

const webgpu: TfjsBackend = {
  engine: 'tfjs-webgpu',
  async open({ softwareGpu }) {
    const tf = await loadTfjs()
    const device = await openWebgpu(tf, { softwareGpu })
    await setBackend(tf, 'tfjs-webgpu', 'webgpu')
    return device
  },
}

export const TFJS_GPU = native({
  engine: 'tfjs-gpu',
  packageName: '@tensorflow/tfjs-node-gpu',
  wantsGpu: true,
})

export const TFJS_NODE = native({ engine: 'tfjs-node', packageName: '@tensorflow/tfjs-node', wantsGpu: false })

export const TFJS_WEBGPU = webgpu

/** By engine. `tfjs` itself is whichever there is: TensorFlow's kernels, or none but JavaScript's. */
export const TFJS_BACKENDS: Readonly<Partial<Record<EngineName, readonly TfjsBackend[]>>> = {
  'tfjs-gpu': [TFJS_GPU],
  'tfjs-node': [TFJS_NODE],
  'tfjs-webgpu': [TFJS_WEBGPU],
  tfjs: [TFJS_GPU, TFJS_NODE, javascript],
}

/** Loads the first TensorFlow that loads. */
async function loadNative(
  tf: Tfjs,
  { engine, packageName, wantsGpu }: NativeKind,
  threads: number,
): Promise<{ version: string }> {
  const remedy = `Run: mnist-train setup tensorflow${wantsGpu ? ' --cuda' : ''}`
  const failures: { native: NativeTensorflow; cause: unknown }[] = []
  for (const found of nativeTensorflows(packageName, wantsGpu ? ['cuda'] : ['cpu', 'cuda'])) {
    try {
      await checkWhole(found)
      return { version: registerNative(tf, found, { threads, wantsGpu }) }
    } catch (cause) {
      failures.push({ native: found, cause })
    }
  }
  const last = failures.at(-1)
  if (last === undefined) {
    throw new UnavailableEngine(engine, {
      expected: `TensorFlow set up, or the package ${packageName}`,
      found: 'neither',
      remedy,
      brief: 'is not set up',
    })
  }
  const { native: tried, cause } = last
  const why = (cause instanceof Error ? cause.message : String(cause)).split('\n', 1)[0] ?? ''
  throw new UnavailableEngine(engine, {
    expected: `${tried.origin === 'npm' ? packageName : 'the TensorFlow that was set up'} to load`,
    found: why,
    remedy: `${remedy}${tried.origin === 'npm' ? '' : ', which builds it again'}`,
    brief: `does not load (${why})`,
    cause,
  })
}

/** A library that was cut short doesn't fail to load: it ends the process. */
async function checkWhole({ libraries }: NativeTensorflow): Promise<void> {
  const seal = libraries === undefined ? undefined : await readSeal(libraries)
  const damaged = seal === undefined ? undefined : await damage(libraries as string, seal)
  if (damaged !== undefined) throw new Error(damaged)
}

function threadsText(threads: number): string {
  return `${threads} thread${threads === 1 ? '' : 's'}`
}

async function setBackend({ core }: Tfjs, engine: EngineName, backend: string): Promise<void> {
  if (await core.setBackend(backend)) return
  throw new UnavailableEngine(engine, {
    expected: `tfjs's backend ${backend} to start`,
    found: 'that it did not',
    brief: 'does not start',
  })
}
