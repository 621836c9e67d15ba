/**
 * The one door to TensorFlow.js 4.22. Its packages are loaded with `createRequire`, because their ESM entry points do not resolve in
 * Node, and only when something asks for them: the commands start without them.
 */
import { createRequire } from 'node:module'
import type * as core from '@tensorflow/tfjs-core'
import type * as layers from '@tensorflow/tfjs-layers'
import { registerHalfPixelResizing } from './half-pixel-resizing.js'

export interface Tfjs {
  readonly core: typeof core
  readonly layers: typeof layers
}

const require = createRequire(import.meta.url)

let loaded: Promise<Tfjs> | undefined

/**
 * TensorFlow.js with our own layer registered. Where no backend has been chosen yet, the one in pure JavaScript: it builds and saves
 * models at once, and it is everywhere.
 */
export function loadTfjs(): Promise<Tfjs> {
  loaded ??= load()
  return loaded
}

async function load(): Promise<Tfjs> {
  const tf: Tfjs = { core: require('@tensorflow/tfjs-core'), layers: require('@tensorflow/tfjs-layers') }
  // Otherwise it prints advice on tfjs-node to the user's terminal.
  tf.core.env().set('PROD', true)
  registerHalfPixelResizing(tf)
  if (tf.core.getBackend() === undefined || tf.core.getBackend() === '') {
    require('@tensorflow/tfjs-backend-cpu')
    await tf.core.setBackend('cpu')
  }
  return tf
}

/** Loads a package that registers a tfjs backend; undefined where it is not installed. Its other failures are thrown. */
export function requireBackend(packageName: string): unknown {
  try {
    require.resolve(packageName)
  } catch {
    return undefined
  }
  return require(packageName)
}
