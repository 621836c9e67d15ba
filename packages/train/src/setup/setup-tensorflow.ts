/**
 * `mnist-train setup tensorflow`: native TensorFlow for tfjs in the user's cache. The published tfjs-node brings TensorFlow 2.9 (CUDA 11.2);
 * this compiles the same binding against a wheel of today.
 */
import { rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { UserError } from 'mnist-export'
import { type Gpu, isOlder, nvidiaGpus } from 'mnist-infer/doctor'
import {
  areForThisMachine,
  damage,
  findPython,
  pythonWithPip,
  readSeal,
  sealFolder,
  stageFolder,
  unpackWheels,
} from 'mnist-infer/setup'
import { compileBinding, findCompiler } from './compile-binding.js'
import { checkFirstStep } from './first-step.js'
import { installedTensorflow } from './installed-tensorflow.js'
import { NODE_HEADERS, TFJS_NODE, unpackNpmPackage } from './npm-package.js'
import { BINDING_FILE, SOURCES_FOLDER, tensorflowFolder } from './tensorflow-folder.js'
import { OLDEST_DRIVER, TENSORFLOW_VERSION, TENSORFLOW_WHEELS, type TensorflowKind } from './tensorflow-wheels.js'

export interface SetupTensorflowOptions {
  /** Absent: CUDA where there is an NVIDIA GPU. */
  readonly kind?: TensorflowKind | undefined
  /** A folder with the wheels, and perhaps the npm packages; absent: PyPI and npm. */
  readonly from?: string | undefined
  /** Path of a Python: its TensorFlow where it has the right one, else its pip. */
  readonly python?: string | undefined
  readonly signal?: AbortSignal | undefined
  readonly onStep: (step: string) => void
}

export interface TensorflowSetup {
  readonly folder: string
  readonly kind: TensorflowKind
  readonly wasThere: boolean
  /** What the first step ran on, in words. */
  readonly device: string
}

/** @throws UserError naming what is missing and what brings it */
export async function setupTensorflow(options: SetupTensorflowOptions): Promise<TensorflowSetup> {
  const gpus = await nvidiaGpus()
  const kind = options.kind ?? (gpus.length > 0 ? 'cuda' : 'cpu')
  checkPlatform(kind)
  if (kind === 'cuda') checkDriver(gpus)
  const folder = tensorflowFolder(kind)
  const seal = await readSeal(folder)
  if (seal !== undefined && (await damage(folder, seal)) === undefined) {
    return { folder, kind, wasThere: true, device: seal.facts.device ?? '' }
  }
  const compiler = await findCompiler(process.env)
  let device = ''
  await stageFolder(folder, async (building) => {
    device = await build(building, { ...options, kind, compiler, hasGpu: gpus.length > 0 })
  })
  return { folder, kind, wasThere: false, device }
}

interface BuildOptions extends SetupTensorflowOptions {
  readonly kind: TensorflowKind
  readonly compiler: string
  readonly hasGpu: boolean
}

/** Returns what the first step ran on. */
async function build(folder: string, options: BuildOptions): Promise<string> {
  const { kind, from, signal, onStep, compiler, hasGpu } = options
  const python = await findPython(options.python, signal)
  const work = join(folder, 'work')
  const [sources, headers] = [join(folder, SOURCES_FOLDER), join(work, 'headers')]
  onStep(`fetching the sources of ${TFJS_NODE.name} ${TFJS_NODE.version}`)
  await unpackNpmPackage(TFJS_NODE, { from, into: sources, signal })
  await unpackNpmPackage(NODE_HEADERS, { from, into: headers, signal })

  const installed = options.python === undefined ? undefined : await installedTensorflow(python, { kind, signal })
  const wheel = join(work, 'wheel')
  if (installed === undefined) {
    onStep(
      `fetching TensorFlow ${TENSORFLOW_VERSION} for ${kind === 'cuda' ? 'CUDA 12, about 3 GB' : 'the CPU, 230 MB'}`,
    )
    const pip = await pythonWithPip(python, join(work, 'venv'), { signal })
    await unpackWheels(TENSORFLOW_WHEELS[kind], { python: pip, from, into: wheel, signal })
  }
  const tensorflow = installed ?? join(wheel, 'tensorflow')

  onStep(`compiling the binding with ${compiler}`)
  await compileBinding({
    compiler,
    sources,
    headers,
    tensorflow,
    runPath: installed ?? '$ORIGIN/tensorflow',
    output: join(folder, BINDING_FILE),
    signal,
  })
  if (installed === undefined) await keepLibraries(wheel, folder, kind)
  await rm(work, { recursive: true, force: true })

  onStep('comparing its first step with ONNX Runtime’s')
  const device = await checkFirstStep({ folder, engine: kind === 'cuda' && hasGpu ? 'tfjs-gpu' : 'tfjs-node', signal })
  await sealFolder(folder, { tensorflow: TENSORFLOW_VERSION, kind, device, libraries: installed ?? 'its own' })
  return device
}

const LIBRARIES = ['libtensorflow_cc.so.2', 'libtensorflow_framework.so.2']

/** Of the wheel's files, the Python and the headers, a third of a gigabyte, have had their time. */
async function keepLibraries(wheel: string, folder: string, kind: TensorflowKind): Promise<void> {
  const { mkdir } = await import('node:fs/promises')
  await mkdir(join(folder, 'tensorflow'))
  for (const file of LIBRARIES) await rename(join(wheel, 'tensorflow', file), join(folder, 'tensorflow', file))
  if (kind === 'cuda') await rename(join(wheel, 'nvidia'), join(folder, 'nvidia'))
}

/** Returns the folders that were removed. */
export async function removeTensorflow(kind: TensorflowKind | undefined): Promise<readonly string[]> {
  const removed: string[] = []
  for (const each of kind === undefined ? (['cpu', 'cuda'] as const) : [kind]) {
    const folder = tensorflowFolder(each)
    if ((await readSeal(folder)) !== undefined) removed.push(folder)
    await rm(folder, { recursive: true, force: true })
  }
  return removed
}

function checkPlatform(kind: TensorflowKind): void {
  if (areForThisMachine(TENSORFLOW_WHEELS[kind])) return
  const { platform, arch } = process
  const expected = kind === 'cuda' ? 'Linux on x64 (or WSL 2)' : 'Linux on x64 or arm64 (or WSL 2)'
  throw new UserError(
    'UNSUPPORTED',
    `TensorFlow for ${kind === 'cuda' ? 'CUDA' : 'the CPU'}: expected ${expected}, found ${platform} on ${arch}. Use --engine onnx`,
  )
}

function checkDriver(gpus: readonly Gpu[]): void {
  const old = gpus.find(({ driver }) => isOlder(driver, OLDEST_DRIVER))
  if (old === undefined) return
  throw new UserError(
    'ENVIRONMENT',
    `NVIDIA's driver: expected ${OLDEST_DRIVER} or later for CUDA 12, found ${old.driver}. Update it, or use --cpu`,
  )
}
