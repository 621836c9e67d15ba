/** Which TensorFlow a native engine loads: one that the user has installed from npm, else the one that our set-up has built. */
import { existsSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { BINDING_FILE, findTensorflowFolder, SOURCES_FOLDER } from '../../setup/tensorflow-folder.js'
import type { TensorflowKind } from '../../setup/tensorflow-wheels.js'

export interface NativeTensorflow {
  /** Folder of tfjs-node's package. */
  readonly sources: string
  readonly binding: string
  /** Folder with CUDA's libraries, in `nvidia/`. */
  readonly libraries?: string
  /** `npm`: it registers itself as it was published. */
  readonly origin: 'npm' | 'setup'
}

const require = createRequire(import.meta.url)

let given: string | undefined

/** Has every native engine of this process use the TensorFlow that was set up in `folder`. */
export function useNativeFolder(folder: string): void {
  given = folder
}

/** What there is to try, in order: the published package comes first, but may not fit this Node or GPU. */
export function nativeTensorflows(packageName: string, kinds: readonly TensorflowKind[]): readonly NativeTensorflow[] {
  if (given !== undefined) return [fromSetup(given)]
  const published = publishedPackage(packageName)
  const built = kinds.map(findTensorflowFolder).filter((folder) => folder !== undefined)
  return [...(published === undefined ? [] : [published]), ...built.map(fromSetup)]
}

function fromSetup(folder: string): NativeTensorflow {
  return {
    sources: join(folder, SOURCES_FOLDER),
    binding: join(folder, BINDING_FILE),
    libraries: folder,
    origin: 'setup',
  }
}

/** Where its own install script has put the binding; undefined where the package, or that, is missing. */
function publishedPackage(packageName: string): NativeTensorflow | undefined {
  let sources: string
  try {
    sources = dirname(require.resolve(`${packageName}/package.json`))
  } catch {
    return undefined
  }
  const binding = join(sources, 'lib', 'napi-v8', BINDING_FILE)
  return existsSync(binding) ? { sources, binding, origin: 'npm' } : undefined
}
