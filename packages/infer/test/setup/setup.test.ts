import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { isOlder } from '../../src/doctor/gpu.js'
import { findPython } from '../../src/setup/python.js'
import { damage, readSeal, type Seal, sealFolder, stageFolder } from '../../src/setup/staging.js'
import { hasTool, runTool } from '../../src/setup/tool.js'
import { unpackWheels, type Wheel } from '../../src/setup/wheels.js'

let base: string

beforeAll(async () => {
  base = await mkdtemp(join(tmpdir(), 'a set-up '))
})

afterAll(() => rm(base, { recursive: true }))

describe('a staged folder', () => {
  let parent: string
  let final: string

  beforeEach(async () => {
    parent = await mkdtemp(join(base, 'parent '))
    final = join(parent, 'final')
  })

  const build =
    (text: string) =>
    async (folder: string): Promise<void> => {
      await writeFile(join(folder, 'file'), text)
    }

  test('takes the place of the one before, and leaves nothing beside it', async () => {
    await stageFolder(final, build('first'))
    await stageFolder(final, build('second'))
    expect(await readFile(join(final, 'file'), 'utf8')).toBe('second')
    expect(await readdir(parent)).toEqual(['final'])
  })

  test('leaves the one before as it was, where it can’t be finished', async () => {
    await stageFolder(final, build('first'))
    const fails = stageFolder(final, async (folder) => {
      await build('half')(folder)
      throw new Error('interrupted')
    })
    await expect(fails).rejects.toThrow('interrupted')
    expect(await readFile(join(final, 'file'), 'utf8')).toBe('first')
    expect(await readdir(parent)).toEqual(['final'])
  })

  test('removes what a process that was killed has left, and nothing of one that lives', async () => {
    // No process has this number: Linux counts to 2^22.
    await mkdir(join(parent, '.building-99999999-x'))
    await mkdir(join(parent, `.building-${process.ppid}-y`))
    await stageFolder(final, build('whole'))
    expect((await readdir(parent)).sort()).toEqual([`.building-${process.ppid}-y`, 'final'])
  })

  test('says in one line that it can’t be built where a file is in the way', async () => {
    await writeFile(join(parent, 'file'), '')
    await expect(stageFolder(join(parent, 'file', 'below'), build('x'))).rejects.toThrow(
      `${join(parent, 'file')}: expected to build here, found no permission, or a file in the way: make room, or set XDG_CACHE_HOME to another folder`,
    )
  })

  test('knows by its seal which file is gone or was cut', async () => {
    await stageFolder(final, async (folder) => {
      await build('whole')(folder)
      await sealFolder(folder, { version: '1' })
    })
    const seal = (await readSeal(final)) as Seal
    expect(seal).toEqual({ facts: { version: '1' }, files: { file: 5 } })
    expect(await damage(final, seal)).toBeUndefined()
    await writeFile(join(final, 'file'), 'who')
    expect(await damage(final, seal)).toBe(`${join(final, 'file')} has 3 bytes instead of 5`)
    await rm(join(final, 'file'))
    expect(await damage(final, seal)).toBe(`${join(final, 'file')} is gone`)
  })
})

describe('other programs', () => {
  test('that are not there are no exception', async () => {
    expect(await runTool('no-such-program', [])).toBeUndefined()
    expect(await hasTool('no-such-program')).toBe(false)
  })

  test('are ended with the signal, and that is one line', async () => {
    const controller = new AbortController()
    const running = runTool(process.execPath, ['-e', 'setInterval(() => {}, 1000)'], { signal: controller.signal })
    controller.abort()
    await expect(running).rejects.toThrow('setup: interrupted; nothing was kept, run it again')
  })

  test('a Python that is none is named', async () => {
    await expect(findPython('/no/python')).rejects.toThrow(
      'python: expected a Python 3 at /no/python, found none that runs',
    )
  })
})

const hasPython = (await runTool('python3', ['-m', 'pip', '--version']))?.status === 0

describe.runIf(hasPython && process.platform === 'linux')('wheels (with python3 and its pip)', () => {
  const wheel: Wheel = { name: 'no-such-thing', version: '1.0', sha256: { [process.arch]: 'ab'.repeat(32) } }
  const into = (): string => join(base, 'unpacked')

  test('that are not in the folder are named, with the command that fetches them', async () => {
    const from = await mkdtemp(join(base, 'wheels '))
    const python = await findPython(undefined)
    await expect(unpackWheels([wheel], { python, from, into: into() })).rejects.toThrow(
      /^no-such-thing 1\.0: expected its wheel for Python 3\.12 on \w+ in .*, found none\. Run where there is a network: pip download .* no-such-thing==1\.0$/,
    )
  })

  test('that are other files than those known are refused', async () => {
    const from = await mkdtemp(join(base, 'wheels '))
    await writeFile(join(from, 'no_such_thing-1.0-py3-none-any.whl'), 'not a wheel')
    const python = await findPython(undefined)
    await expect(unpackWheels([wheel], { python, from, into: into() })).rejects.toThrow(
      'no-such-thing 1.0: expected its wheel, found another file: its SHA-256 is not the one known here. Fetch it again from PyPI',
    )
  })
})

test.each([
  ['524.99', '525.60', true],
  ['525.60.13', '525.60', false],
  ['580.65', '525.60', false],
  ['525', '525.60', true],
])('version %s is older than %s: %s', (a, b, expected) => {
  expect(isOlder(a, b)).toBe(expected)
})
