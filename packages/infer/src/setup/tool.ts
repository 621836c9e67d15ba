/** Other programs that a set-up calls: Python, npm, tar, the C++ compiler. Their failures become one line that says what to do. */
import { spawn } from 'node:child_process'
import { UserError } from 'mnist-export/errors'

export interface ToolOptions {
  readonly cwd?: string
  /** Besides our own environment. */
  readonly env?: Readonly<Record<string, string>>
  /** Aborted: the program is ended. */
  readonly signal?: AbortSignal | undefined
}

export interface ToolResult {
  /** 0 where it went well; null where a signal ended it. */
  readonly status: number | null
  readonly ended: NodeJS.Signals | null
  readonly stdout: string
  readonly stderr: string
}

/** Runs a program to its end. Undefined where there is none of this name. */
export function runTool(
  command: string,
  args: readonly string[],
  { cwd, env, signal }: ToolOptions = {},
): Promise<ToolResult | undefined> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, ...env },
      ...(cwd === undefined ? {} : { cwd }),
      ...(signal === undefined ? {} : { signal }),
    })
    const output = { stdout: '', stderr: '' }
    for (const stream of ['stdout', 'stderr'] as const) {
      child[stream].setEncoding('utf8').on('data', (text: string) => {
        output[stream] += text
      })
    }
    child.on('error', (error: NodeJS.ErrnoException) => {
      if (signal?.aborted) reject(interrupted())
      else if (error.code === 'ENOENT' || error.code === 'EACCES') resolve(undefined)
      else reject(error)
    })
    child.on('close', (status, ended) => {
      if (signal?.aborted) reject(interrupted())
      else resolve({ status, ended, ...output })
    })
  })
}

/** Whether a program can be started at all: whatever it answers. */
export async function hasTool(command: string): Promise<boolean> {
  return (await runTool(command, ['--version'])) !== undefined
}

export function interrupted(): UserError {
  return new UserError('ENVIRONMENT', 'setup: interrupted; nothing was kept, run it again')
}

/** The line of a program's output that says most: the last that speaks of an error, else the last. */
export function lastWords({ stdout, stderr, status, ended }: ToolResult): string {
  const lines = `${stdout}\n${stderr}`
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '' && !line.startsWith('WARNING'))
  const told = lines.findLast((line) => /error|cannot|no space/i.test(line)) ?? lines.at(-1)
  return (told ?? (ended === null ? `exit status ${status}` : `ended by ${ended}`)).replace(/^ERROR: /, '')
}
