import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { execa } from 'execa'
import { expect, test } from 'vitest'
import { ROOT, start } from './support/commands.js'

const readme = await readFile(join(ROOT, 'packages', 'export', 'README.md'), 'utf8')

/** Options of every command. */
const COMMON = ['--help', '--version']

test.each([
  ['mnist-export', []],
  ['mnist-export training', ['training']],
  ['mnist-export show', ['show']],
  ['mnist-export diff', ['diff']],
  ['mnist-export triton', ['triton']],
])('packages/export/README.md names every option that %s has', async (_, command) => {
  const { stdout } = await start('mnist-export', [...command, '--help'])
  const options = stdout.match(/(?<=^.{2,8})--[a-z0-9-]+(?= {2})/gm) ?? []
  expect(options).toContain('--json')
  expect(options.filter((option) => !COMMON.includes(option) && !readme.includes(`\`${option}`))).toEqual([])
})

test('packages/export/README.md names no option that mnist-export lacks', async () => {
  const commands = [[], ['training'], ['show'], ['diff'], ['triton']]
  const helps = await Promise.all(commands.map((command) => start('mnist-export', [...command, '--help'])))
  const text = helps.map(({ stdout }) => stdout).join('\n')
  const named = [...new Set(readme.match(/(?<=[`\s])--[a-z][a-z0-9-]+/g))].filter(
    (option) => !text.includes(`${option} `),
  )
  expect(named).toEqual([])
})

test.runIf(process.env.ORACLE_PYTHON)(
  'packages/export/README.md says what converts and what runs where (needs ORACLE_PYTHON)',
  async () => {
    await execa(process.execPath, [join(ROOT, 'scripts', 'export-readme.js'), '--check'])
  },
)
