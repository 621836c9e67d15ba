import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import yargs from 'yargs'
import { CLASSIFY_DEFAULTS, classifyOptions } from '../../src/cli/classify-options.js'
import { COMMANDS, plainArguments } from '../../src/cli/plain-arguments.js'
import { program } from '../../src/cli/program.js'

/** The same arguments as yargs reads them; undefined where it runs something else or refuses. */
async function byYargs(argv: readonly string[]): Promise<object | undefined> {
  let found: Record<string, unknown> | undefined
  let parser = yargs([...argv])
    .strict()
    .exitProcess(false)
    .parserConfiguration({ 'duplicate-arguments-array': true })
    .fail(() => {
      found = undefined
    })
    .command('$0 [pictures..]', '', classifyOptions, (given) => {
      found = given as unknown as Record<string, unknown>
    })
  for (const command of COMMANDS) parser = parser.command(command, '', {}, () => {})
  await parser.parseAsync()
  if (found === undefined) return undefined
  const names = [...Object.keys(CLASSIFY_DEFAULTS), 'pictures', 'explain']
  return Object.fromEntries(names.map((name) => [name, (found as Record<string, unknown>)[name]]))
}

const TOKENS = [
  'a.png',
  'b c.jpg',
  '007',
  '1e3',
  '*.png',
  "it's.png",
  'a=b',
  'verify',
  'info',
  '--json',
  '--model',
  '-m',
  'lenet5',
]
const ODD = [
  '-',
  '--',
  '--top',
  '--model=x',
  '-mx',
  '--no-json',
  '"quoted"',
  '',
  '--verbose',
  'x.tar',
  '-5',
  '--json=false',
]

describe('plainArguments', () => {
  test('mean what yargs reads in them, in every order', async () => {
    let plainly = 0
    await fc.assert(
      fc.asyncProperty(fc.array(fc.constantFrom(...TOKENS), { maxLength: 6 }), async (argv) => {
        const plain = plainArguments(argv)
        if (plain === undefined) return
        plainly++
        const { verbose, ...rest } = plain
        expect(verbose).toBe(false)
        expect(rest).toEqual(await byYargs(argv))
      }),
      { numRuns: 500 },
    )
    expect(plainly).toBeGreaterThan(150)
  })

  test.each(ODD)('leave %j to yargs', (odd) => {
    expect(plainArguments(['a.png', odd])).toBeUndefined()
    if (odd !== 'x.tar') expect(plainArguments(['a.png', '--model', odd])).toBeUndefined()
  })

  test('are none without a picture, with a command, or with an option twice', () => {
    for (const argv of [
      [],
      ['--json'],
      ['verify'],
      ['--json', 'serve'],
      ['a.png', '--json', '--json'],
      ['a.png', '-m', 'x', '--model', 'y'],
    ])
      expect(plainArguments(argv), argv.join(' ')).toBeUndefined()
  })

  test('know every command', async () => {
    const help = await program.define(yargs([]).scriptName('infer')).getHelp()
    const commands = [
      ...(help.split(/\n(?=\w)/).find((part) => part.startsWith('Commands:')) ?? '').matchAll(/^ {2}infer ([a-z]+)/gm),
    ].map(([, name]) => name)
    expect([...new Set(commands)].sort()).toEqual([...COMMANDS].sort())
  })
})
