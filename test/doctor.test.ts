import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { start } from './support/commands.js'

let cache: string

beforeAll(async () => {
  cache = await mkdtemp(join(tmpdir(), 'a doctor’s cache '))
})

afterAll(() => rm(cache, { recursive: true }))

const run = (command: 'mnist-train' | 'mnist-infer', args: readonly string[], env: Record<string, string> = {}) =>
  start(command, args, { env: { XDG_CACHE_HOME: cache, ...env } })

interface Finding {
  readonly kind: string
  readonly name: string
  readonly works: boolean
  readonly detail: string
  readonly remedy?: string
}

describe('the doctor', () => {
  test('of mnist-infer finds the providers, the CPU for sure', async () => {
    const { stdout, stderr, exitCode } = await run('mnist-infer', ['doctor', '--seconds', '0', '--json'])
    expect([exitCode, stderr]).toEqual([0, ''])
    const { machine, findings } = JSON.parse(stdout) as { machine: Record<string, unknown>; findings: Finding[] }
    expect(machine.node).toBe(process.versions.node)
    expect(findings.map(({ name }) => name)).toEqual(['cpu', 'cuda', 'webgpu'])
    expect(findings[0]).toMatchObject({ kind: 'provider', works: true, detail: 'CPU' })
    for (const { works, remedy } of findings) if (!works) expect(remedy).toMatch(/^mnist-infer setup |^needs /)
  })

  test('of mnist-train finds the engines too, and names what brings those that are not set up', async () => {
    const { stdout, stderr, exitCode } = await run('mnist-train', ['doctor', '--seconds', '0', '--json'])
    expect([exitCode, stderr]).toEqual([0, ''])
    const { findings } = JSON.parse(stdout) as { findings: Finding[] }
    const engine = (name: string) => findings.find((finding) => finding.kind === 'engine' && finding.name === name)
    expect(engine('onnx')).toMatchObject({ works: true, detail: expect.stringMatching(/^onnx \(ONNX Runtime, /) })
    expect(engine('tfjs-node')).toMatchObject({
      works: false,
      detail: 'is not set up',
      remedy: 'mnist-train setup tensorflow',
    })
    expect(engine('tfjs-webgpu')).toMatchObject({ works: false, remedy: 'mnist-train setup webgpu' })
    expect(engine('tfjs')).toMatchObject({ works: true, detail: 'tfjs (tfjs, pure JavaScript, slow)' })
    expect(findings.filter(({ kind }) => kind === 'provider')).toHaveLength(3)
  })

  test('prints a table', async () => {
    const { stdout } = await run('mnist-infer', ['doctor', '--seconds', '0.1'])
    expect(stdout).toMatch(/^onnxruntime-node +\d+\.\d+\.\d+$/m)
    expect(stdout).toMatch(/^provider cpu +works +[\d,]+ +\d+ MB +CPU$/m)
  })
})

describe('a set-up that can’t be made says why in one line and leaves nothing', () => {
  test.runIf(process.platform === 'linux').each<[string, readonly string[], Record<string, string>, RegExp]>([
    [
      'both kinds',
      ['setup', 'tensorflow', '--cuda', '--cpu'],
      {},
      /^mnist-train: --cuda, --cpu: expected one of them, found both$/,
    ],
    [
      'no compiler',
      ['setup', 'tensorflow', '--cpu'],
      { PATH: '/nowhere', CXX: '' },
      /^mnist-train: compiler: expected a C\+\+ compiler .*, found none\. Run: sudo apt-get install g\+\+$/,
    ],
    [
      'a compiler that is none',
      ['setup', 'tensorflow', '--cpu'],
      { CXX: '/no/compiler' },
      /^mnist-train: compiler: expected CXX to name a C\+\+ compiler, found \/no\/compiler, which does not run$/,
    ],
    [
      'no Python',
      ['setup', 'tensorflow', '--cpu', '--python', '/no/python'],
      { CXX: 'true' },
      /^mnist-train: python: expected a Python 3 at \/no\/python, found none that runs$/,
    ],
    [
      'sources that are not those',
      ['setup', 'tensorflow', '--cpu', '--wheel', '@'],
      { CXX: 'true' },
      /^mnist-train: .*tfjs-node-4\.22\.0\.tgz: expected SHA-512 .*, found .*\. Fetch it again$/,
    ],
    [
      'a folder of wheels that is a file',
      ['setup', 'webgpu', '--wheel', '@/tensorflow-tfjs-node-4.22.0.tgz'],
      {},
      /^mnist-train: --wheel .*: expected a folder with the wheels and npm packages, found a file: name the folder that it is in$/,
    ],
    [
      'a cache that can’t be written',
      ['setup', 'webgpu', '--wheel', '@'],
      { XDG_CACHE_HOME: '@/tensorflow-tfjs-node-4.22.0.tgz' },
      /^mnist-train: .*: expected to build here, found .*: make room, or set XDG_CACHE_HOME to another folder$/,
    ],
  ])('%s', async (_, args, env, line) => {
    const files = await mkdtemp(join(cache, 'files '))
    await writeFile(join(files, 'tensorflow-tfjs-node-4.22.0.tgz'), 'no package')
    const named = (text: string): string => text.replace('@', files)
    const given = Object.fromEntries(Object.entries(env).map(([name, value]) => [name, named(value)]))
    const { stderr, exitCode } = await run('mnist-train', args.map(named), given)
    expect(stderr).toMatch(line)
    expect(exitCode).toBeGreaterThan(0)
    const made = await readdir(join(cache, 'mnist-onnx', 'tensorflow')).catch(() => [])
    expect(made).toEqual([])
  })
})
