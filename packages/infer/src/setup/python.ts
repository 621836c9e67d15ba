/** A Python with pip, which brings wheels. Nothing is installed into it: wheels are unpacked into folders of ours. */
import { join } from 'node:path'
import { UserError } from 'mnist-export/errors'
import { lastWords, runTool, type ToolOptions } from './tool.js'

export interface Python {
  /** Path or name to call it by. */
  readonly command: string
  /** 3.11.7 */
  readonly version: string
  readonly hasPip: boolean
}

/** What the interpreter says of itself, as JSON. */
const QUESTION = `
import importlib.util, json, platform
print(json.dumps({"version": platform.python_version(), "hasPip": importlib.util.find_spec("pip") is not None}))`

/** 3.8's pip knows the tags of today's wheels. */
const OLDEST = 8

/**
 * `wanted`: path of an interpreter; absent: that of the virtual environment that is active, else python3, else python.
 * @throws UserError ENVIRONMENT where there is none, or one that is too old
 */
export async function findPython(wanted: string | undefined, signal?: AbortSignal): Promise<Python> {
  const { VIRTUAL_ENV } = process.env
  const active = VIRTUAL_ENV === undefined ? [] : [join(VIRTUAL_ENV, 'bin', 'python')]
  const candidates = wanted === undefined ? [...active, 'python3', 'python'] : [wanted]
  for (const command of candidates) {
    const result = await runTool(command, ['-c', QUESTION], { signal })
    if (result === undefined || result.status !== 0) continue
    const said = JSON.parse(result.stdout) as Omit<Python, 'command'>
    const [major, minor] = said.version.split('.').map(Number)
    if (major === 3 && (minor ?? 0) >= OLDEST) return { command, ...said }
    throw new UserError(
      'ENVIRONMENT',
      `python: expected Python 3.${OLDEST} or later, found ${said.version} (${command}); name another with --python`,
    )
  }
  throw new UserError(
    'ENVIRONMENT',
    wanted === undefined
      ? 'python: expected Python 3, found none. Run: sudo apt-get install python3-venv (or name one with --python)'
      : `python: expected a Python 3 at ${wanted}, found none that runs`,
  )
}

/**
 * A Python that has pip: `python` itself, or a virtual environment that is made of it in `folder`.
 * @throws UserError ENVIRONMENT where neither has pip
 */
export async function pythonWithPip(python: Python, folder: string, options: ToolOptions): Promise<Python> {
  if (python.hasPip) return python
  const result = await runTool(python.command, ['-m', 'venv', folder], options)
  if (result?.status === 0) return { ...python, command: join(folder, 'bin', 'python'), hasPip: true }
  throw new UserError(
    'ENVIRONMENT',
    `python: expected ${python.command} (${python.version}) to have pip or to make a virtual environment, found: ` +
      `${result === undefined ? 'it gone' : lastWords(result)}. Run: sudo apt-get install python3-venv`,
  )
}
