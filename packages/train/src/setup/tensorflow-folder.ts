/** Where a set-up TensorFlow lies in the user's cache, and what is in it. */
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { cacheFolder } from 'mnist-infer/setup'
import { TENSORFLOW_VERSION, type TensorflowKind } from './tensorflow-wheels.js'

/** `binding` and `sources/` (tfjs-node's package), `tensorflow/` and `nvidia/` (from the wheels), `setup.json`. */
export function tensorflowFolder(kind: TensorflowKind, environment: NodeJS.ProcessEnv = process.env): string {
  return join(
    cacheFolder(environment),
    'tensorflow',
    `${TENSORFLOW_VERSION}-${kind}-${process.platform}-${process.arch}`,
  )
}

export const BINDING_FILE = 'tfjs_binding.node'

export const SOURCES_FOLDER = 'tfjs-node'

/** The folder where this kind has been set up; else undefined. */
export function findTensorflowFolder(kind: TensorflowKind): string | undefined {
  const folder = tensorflowFolder(kind)
  return existsSync(join(folder, BINDING_FILE)) ? folder : undefined
}
