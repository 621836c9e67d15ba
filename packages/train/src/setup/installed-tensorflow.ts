/** A TensorFlow that a Python already has. */
import { UserError } from 'mnist-export'
import { type Python, runTool } from 'mnist-infer/setup'
import { TENSORFLOW_VERSION, type TensorflowKind } from './tensorflow-wheels.js'

/** Name, version and folder of the first distribution that brings the package, without importing it, which takes seconds. */
const QUESTION = `
import importlib.metadata as metadata, importlib.util, json, os
spec = importlib.util.find_spec("tensorflow")
found = []
for name in ("tensorflow", "tensorflow_cpu"):
    try:
        found.append({"name": name, "version": metadata.version(name), "folder": os.path.dirname(spec.origin)})
    except Exception:
        pass
print(json.dumps(found))`

interface Found {
  readonly name: 'tensorflow' | 'tensorflow_cpu'
  readonly version: string
  readonly folder: string
}

/**
 * Its folder; undefined where this Python has none.
 * @throws UserError ENVIRONMENT where it is one of another version or, for CUDA, one for the CPU
 */
export async function installedTensorflow(
  python: Python,
  { kind, signal }: { kind: TensorflowKind; signal: AbortSignal | undefined },
): Promise<string | undefined> {
  const result = await runTool(python.command, ['-c', QUESTION], { signal })
  const [found] = result?.status === 0 ? (JSON.parse(result.stdout) as Found[]) : []
  if (found === undefined) return undefined
  if (found.version === TENSORFLOW_VERSION && !(kind === 'cuda' && found.name === 'tensorflow_cpu')) return found.folder
  const wanted =
    kind === 'cuda' ? `tensorflow[and-cuda]==${TENSORFLOW_VERSION}` : `tensorflow-cpu==${TENSORFLOW_VERSION}`
  throw new UserError(
    'ENVIRONMENT',
    `${python.command}: expected ${wanted}, or no TensorFlow, found ${found.name.replace('_', '-')} ${found.version}. ` +
      'Leave --python out, and the right one is fetched',
  )
}
