import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { readHandlers } from '../../src/cli/handlers-file.js'

let folder: string

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'handlers of layers '))
})

afterAll(() => rm(folder, { recursive: true }))

async function moduleOf(text: string): Promise<string> {
  const file = join(folder, `${Math.random().toString(36).slice(2)}.mjs`)
  await writeFile(file, text)
  return file
}

describe('readHandlers', () => {
  test('gives the module what handlers are written with, and takes its handlers and what registers the layers', async () => {
    const file = await moduleOf(`
      export default ({ ops, plainFeature }) => ({ Halved: ({ g, input, plain }) => plainFeature(ops.mul(g, plain(input()), g.scalar(0.5))) })
      export function register(tf) { tf.done = true }
    `)
    const { handlers, register } = await readHandlers(file)
    expect(Object.keys(handlers)).toEqual(['Halved'])
    const tf = { done: false }
    register?.(tf)
    expect(tf.done).toBe(true)
  })

  test('has none where no file is named', async () => {
    expect(await readHandlers(undefined)).toEqual({ handlers: {} })
  })

  test.each([
    ['a file that is not there', undefined, 'expected a module that can be imported, found: '],
    ['one that throws', 'throw new Error("out of order")', 'a module that can be imported, found: out of order'],
    ['one without a default export', 'export const a = 1', 'expected a function as its default export: '],
    ['one whose handlers are no functions', 'export default () => ({ Halved: 2 })', 'functions by class name'],
    ['one whose function throws', 'export default ({ ops }) => ops.none.of()', 'expected its default export to return'],
    ['one with another register', 'export default () => ({}); export const register = 1', 'expected register(tf)'],
  ])('refuses %s in one line that names it', async (_, text, message) => {
    const file = text === undefined ? join(folder, 'none.mjs') : await moduleOf(text)
    const error = await readHandlers(file).catch((thrown: unknown) => thrown)
    expect(error).toMatchObject({ code: 'INPUT', message: expect.stringContaining(`--handlers ${file}: `) })
    expect((error as Error).message).toContain(message)
  })
})
