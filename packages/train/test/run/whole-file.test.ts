import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { isPartial, writeWholeFile } from '../../src/run/whole-file.js'

let folder: string

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'whole files '))
})

afterEach(() => rm(folder, { recursive: true }))

test('a file is replaced whole, text or bytes', async () => {
  const file = join(folder, 'state')
  await writeWholeFile(file, 'a longer text than what follows')
  await writeWholeFile(file, Uint8Array.of(1, 2, 3))
  expect([...(await readFile(file))]).toEqual([1, 2, 3])
  expect(await readdir(folder)).toEqual(['state'])
})

test.each([
  ['in a folder that is not there', 'nowhere/state', 'ENOENT'],
  ['below a file', 'file/state', 'ENOTDIR'],
  ['in the place of a folder', '.', /EISDIR|EBUSY|EINVAL|ENOTEMPTY/],
])('a file %s is an error with its path, and leaves nothing behind', async (_, name, code) => {
  await writeFile(join(folder, 'file'), 'before')
  const target = join(folder, name)
  await expect(writeWholeFile(target, 'after')).rejects.toMatchObject({
    path: target,
    code: expect.stringMatching(code),
  })
  expect((await readdir(folder)).filter(isPartial)).toEqual([])
  expect(await readFile(join(folder, 'file'), 'utf8')).toBe('before')
})
