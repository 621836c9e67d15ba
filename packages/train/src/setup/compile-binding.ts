/** tfjs-node's binding, two C++ files, compiled against a wheel's TensorFlow. */
import { join } from 'node:path'
import { UserError } from 'mnist-export'
import { hasTool, lastWords, runTool, type ToolOptions } from 'mnist-infer/setup'

export interface CompileOptions extends ToolOptions {
  readonly compiler: string
  /** Folder of tfjs-node's package. */
  readonly sources: string
  /** Folder of node-api-headers. */
  readonly headers: string
  /** Folder `tensorflow` of the wheel: `include/` and the libraries. */
  readonly tensorflow: string
  /** Where the binding finds the libraries at run time; `$ORIGIN` is its own folder. */
  readonly runPath: string
  readonly output: string
}

/**
 * `CXX`, else the machine's.
 * @throws UserError ENVIRONMENT where there is none
 */
export async function findCompiler({ CXX }: NodeJS.ProcessEnv): Promise<string> {
  for (const command of CXX ? [CXX] : ['c++', 'g++', 'clang++']) if (await hasTool(command)) return command
  throw new UserError(
    'ENVIRONMENT',
    CXX
      ? `compiler: expected CXX to name a C++ compiler, found ${CXX}, which does not run`
      : 'compiler: expected a C++ compiler (c++, g++ or clang++), found none. Run: sudo apt-get install g++',
  )
}

/** @throws UserError ENVIRONMENT with the compiler's own words */
export async function compileBinding(options: CompileOptions): Promise<void> {
  const { compiler, sources, headers, tensorflow, runPath, output, ...toolOptions } = options
  const binding = join(sources, 'binding')
  const args = [
    ...['-O2', '-std=c++17', '-fPIC', '-shared', '-DNAPI_VERSION=8', '-w'],
    ...[join(headers, 'include'), join(tensorflow, 'include'), sources, binding].map((folder) => `-I${folder}`),
    ...['tfjs_backend.cc', 'tfjs_binding.cc'].map((file) => join(binding, file)),
    ...['-o', output, `-L${tensorflow}`, '-l:libtensorflow_cc.so.2', '-l:libtensorflow_framework.so.2'],
    `-Wl,-rpath,${runPath}`,
  ]
  const result = await runTool(compiler, args, toolOptions)
  if (result?.status === 0) return
  const found = result === undefined ? 'it gone' : lastWords(result)
  throw new UserError('ENVIRONMENT', `${compiler}: expected it to compile TensorFlow's binding, found: ${found}`)
}
