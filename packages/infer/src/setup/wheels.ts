/**
 * Wheels of PyPI, each pinned by version and SHA-256, unpacked by pip into a folder. They are fetched for the Python that they are
 * named for, whichever is here: we use their C++ libraries, not their Python.
 */
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { UserError } from 'mnist-export/errors'
import type { Python } from './python.js'
import { lastWords, runTool, type ToolOptions, type ToolResult } from './tool.js'

export interface Wheel {
  /** Name on PyPI. */
  readonly name: string
  readonly version: string
  /** SHA-256 of the file (hex), by Node's name of the architecture. */
  readonly sha256: Readonly<Partial<Record<NodeJS.Architecture, string>>>
}

export interface UnpackOptions extends ToolOptions {
  readonly python: Python
  /** A folder with wheels to take instead of PyPI's. */
  readonly from?: string | undefined
  /** Folder to unpack into. */
  readonly into: string
}

/** What wheels' file names call Linux on Node's architectures. */
const MACHINES: Readonly<Partial<Record<NodeJS.Architecture, string>>> = { x64: 'x86_64', arm64: 'aarch64' }

/** C libraries that wheels are built for, as their names have them; pip takes only what is named. */
const TAGS = ['_2_28', '_2_27', '_2_17', '2014', '_2_12', '2010', '_2_5', '1'].map((version) => `manylinux${version}`)

/** Whether there are wheels of all these for this machine. */
export function areForThisMachine(wheels: readonly Wheel[]): boolean {
  return process.platform === 'linux' && wheels.every(({ sha256 }) => sha256[process.arch] !== undefined)
}

/** @throws UserError ENVIRONMENT or NETWORK, with pip's own words where it is none of the usual reasons */
export async function unpackWheels(wheels: readonly Wheel[], options: UnpackOptions): Promise<void> {
  const { python, from, into, ...toolOptions } = options
  const requirements = `${into}.requirements.txt`
  await writeFile(requirements, wheels.map((wheel) => `${requirement(wheel)}\n`).join(''))
  const machine = MACHINES[process.arch]
  const args = [
    ...['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', '--no-input', '--no-cache-dir'],
    ...['--target', into, '--no-deps', '--no-compile', '--only-binary=:all:'],
    ...['--implementation', 'cp', '--python-version', '3.12', '--abi', 'cp312', '--abi', 'abi3', '--abi', 'none'],
    ...TAGS.flatMap((tag) => ['--platform', `${tag}_${machine}`]),
    ...['--require-hashes', '--requirement', requirements],
    ...(from === undefined ? [] : ['--no-index', '--find-links', from]),
  ]
  // Beside the target: pip unpacks there first, and /tmp may be small.
  const result = await runTool(python.command, args, {
    ...toolOptions,
    env: { TMPDIR: join(into, '..'), PIP_ROOT_USER_ACTION: 'ignore' },
  })
  if (result?.status !== 0) throw refused(wheels, { result, python, from })
}

function requirement({ name, version, sha256 }: Wheel): string {
  return `${name}==${version} --hash=sha256:${sha256[process.arch]}`
}

interface Refusal {
  readonly result: ToolResult | undefined
  readonly python: Python
  readonly from: string | undefined
}

/** What pip says, and what to do about it. */
const REASONS: readonly (readonly [RegExp, string])[] = [
  [/no space left|errno 28/i, 'no space left on the device: make room, or set XDG_CACHE_HOME to another folder'],
  [/hashes|do not match/i, 'another file: its SHA-256 is not the one known here. Fetch it again from PyPI'],
  [/not a supported wheel|invalid wheel|bad zip/i, 'no sound wheel for this platform. Fetch it again from PyPI'],
]

const UNREACHABLE = /connection|timed out|resolve|proxy|ssl|retr(y|ies)|network/i

function refused(wheels: readonly Wheel[], { result, python, from }: Refusal): UserError {
  const names = wheels.map(({ name, version }) => `${name} ${version}`)
  const what = names.length === 1 ? names[0] : `${names[0]} and ${names.length - 1} more`
  const said = result === undefined ? 'it gone' : `${result.stdout}\n${result.stderr}`
  const known = REASONS.find(([pattern]) => pattern.test(said))?.[1]
  if (known !== undefined) return new UserError('ENVIRONMENT', `${what}: expected its wheel, found ${known}`)
  if (from !== undefined) {
    return new UserError(
      'ENVIRONMENT',
      `${what}: expected its wheel for Python 3.12 on ${MACHINES[process.arch]} in ${from}, found none. ` +
        `Run where there is a network: ${downloadCommand(wheels, from)}`,
    )
  }
  if (UNREACHABLE.test(said)) {
    return new UserError(
      'NETWORK',
      `${what}: expected it from PyPI, found no way there (${result === undefined ? '' : lastWords(result)}). ` +
        'Set HTTPS_PROXY, or bring the wheels in a folder and name it with --wheel',
    )
  }
  const words = result === undefined ? said : lastWords(result)
  return new UserError('ENVIRONMENT', `${what}: expected pip of ${python.command} to bring it, found: ${words}`)
}

/** What fetches the same wheels on another machine. */
export function downloadCommand(wheels: readonly Wheel[], folder: string): string {
  const names = wheels.map(({ name, version }) => `${name}==${version}`).join(' ')
  const tags = TAGS.map((tag) => `--platform ${tag}_${MACHINES[process.arch]}`)
  return `pip download --no-deps --only-binary=:all: --python-version 3.12 ${tags.join(' ')} --dest ${folder} ${names}`
}
