import { mkdir, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { execa } from 'execa'
import { encodePng } from 'mnist-infer/image'
import { encodeIdx, generateDigits } from 'mnist-infer/mnist'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { ROOT, start } from './support/commands.js'
import { templateModel } from './support/template-model.js'

const PICTURES = join(ROOT, 'test/fixtures/pictures')

/** Plain PNG, JPEG, WebP, TIFF and GIF, a blank one, and two that cannot be read. */
const FOLDER = [
  ...['a plain.png', 'b, "quoted".jpg', 'c.webp', 'd.tiff', 'e.gif', 'f blank.png'].map((name, place) => [
    name,
    ['digit.png', '4-uneven-light.jpg', '8-squared-paper.webp', '1-thin.tiff', '3-coloured.gif', 'blank.png'][place],
  ]),
] as [string, string][]
const BAD = ['g text.png', 'h empty.jpg']

let folder: string
/** `many` small pictures. */
const MANY = 3000

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'many pictures '))
  await writeFile(join(folder, 'template.onnx'), templateModel())
  await mkdir(join(folder, 'some'))
  for (const [name, fixture] of FOLDER)
    await writeFile(join(folder, 'some', name), await readFile(join(PICTURES, fixture)))
  await writeFile(join(folder, 'some', BAD[0] as string), 'no picture')
  await writeFile(join(folder, 'some', BAD[1] as string), '')
  await mkdir(join(folder, 'many'))
  const { images } = generateDigits({ count: 40, seed: 3 })
  const files = await Promise.all(
    Array.from({ length: 40 }, (_, index) =>
      encodePng({ width: 28, height: 28, pixels: images.subarray(index * 784, (index + 1) * 784) }),
    ),
  )
  for (let index = 0; index < MANY; index++)
    await writeFile(join(folder, 'many', `${index}.png`), files[index % 40] as Uint8Array)
  await writeFile(join(folder, 'digits-idx3-ubyte'), encodeIdx({ shape: [40, 28, 28], data: images }))
}, 60_000)

afterAll(() => rm(folder, { recursive: true }))

function infer(args: readonly string[], options: { input?: string; timeout?: number } = {}) {
  return start('mnist-infer', [...args, '--model', 'template', '--provider', 'cpu'], { cwd: folder, ...options })
}

interface Line {
  readonly picture: string
  readonly digit?: number | null
  readonly error?: string
}

function linesOf(text: string): Line[] {
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line))
}

describe('a report of many pictures', () => {
  test('holds for each picture the record that --json has for it; what cannot be read is a record too, and status 1', async () => {
    const json = await infer(['some', '--json', '--top', '2'])
    const { exitCode, stdout, stderr } = await infer(['some', '--format', 'jsonl', '--top', '2', '--batch-size', '3'])
    expect({ exitCode, stderr }).toEqual({
      exitCode: 1,
      stderr: 'mnist-infer: 2 of 8 pictures could not be read: the report says why',
    })
    expect(linesOf(stdout)).toEqual(JSON.parse(json.stdout).pictures)
    expect(linesOf(stdout)[6]?.error).toMatch(/text\.png: expected a picture/)
  })

  test('is CSV as RFC 4180 has it', async () => {
    const { stdout } = await infer(['some', '--format', 'csv'])
    const rows = stdout.split('\n')
    expect(rows[0]).toBe('picture,digit,probability,no digit,error')
    expect(rows[1]).toMatch(/^some.a plain\.png,7,0\.\d+,,$/)
    expect(rows[2]).toMatch(/^"some.b, ""quoted""\.jpg",\d,/)
    expect(rows[6]).toMatch(/^some.f blank\.png,,,it is blank,$/)
    expect(rows[7]).toMatch(/^some.g text\.png,,,,"?some.g text\.png: expected a picture/)
  })

  test('reads the pictures in tar archives, plain and in gzip, with long names, as those in the folder', async () => {
    const long = `${'long folder name/'.repeat(9)}digit.png`
    await mkdir(join(folder, 'packed', long, '..'), { recursive: true })
    await writeFile(join(folder, 'packed', long), await readFile(join(PICTURES, 'digit.png')))
    for (const [name, options] of [
      ['ustar.tar', ['--format=ustar']],
      ['pax.tar', ['--format=pax']],
      ['packed.tgz', ['-z']],
    ] as const) {
      await execa('tar', [...options, '-cf', join(folder, name), '-C', join(folder, 'some'), '.'], {})
      const { stdout } = await infer([name])
      const found = Object.fromEntries(linesOf(stdout).map(({ picture, digit }) => [picture, digit]))
      const folderLines = linesOf((await infer(['some', '--format', 'jsonl'])).stdout)
      const expected = folderLines.map(({ picture, digit }) => [picture.replace(/^some./, `${name}/./`), digit])
      expect(found, name).toEqual(Object.fromEntries(expected))
    }
    await execa('tar', ['--format=pax', '-cf', join(folder, 'long.tar'), '-C', join(folder, 'packed'), '.'])
    expect(linesOf((await infer(['long.tar'])).stdout)).toMatchObject([{ picture: `long.tar/./${long}`, digit: 7 }])
  })

  test('says where an archive is cut off, after what it could read', async () => {
    const whole = await readFile(join(folder, 'ustar.tar'))
    await writeFile(join(folder, 'cut.tar'), whole.subarray(0, whole.length / 2))
    const lines = linesOf((await infer(['cut.tar'])).stdout)
    expect(lines.length).toBeGreaterThan(1)
    expect(lines.at(-1)).toEqual({ picture: 'cut.tar', error: 'cut.tar: it ends in the middle of a file' })
    await writeFile(join(folder, 'other.tar'), 'x'.repeat(2000))
    expect(linesOf((await infer(['other.tar'])).stdout)).toEqual([
      { picture: 'other.tar', error: 'other.tar: expected a tar header, found other bytes: it is damaged' },
    ])
  })

  test('reads IDX files, picture by picture', async () => {
    const lines = linesOf((await infer(['digits-idx3-ubyte'])).stdout)
    const files = linesOf((await infer(['many', '--shard', '0/1'])).stdout)
    const byName = new Map(files.map(({ picture, digit }) => [picture, digit]))
    expect(lines).toHaveLength(40)
    for (const [index, line] of lines.entries()) {
      expect(line).toMatchObject({
        picture: `digits-idx3-ubyte[${index}]`,
        digit: byName.get(join('many', `${index}.png`)) as number,
      })
    }
  })

  test.each([
    ['a line each', '\n'],
    ['as Windows ends lines', '\r\n'],
    ['with a NUL after each', '\0'],
  ])('takes a list of names from standard input, %s', async (_, end) => {
    const names = ['some/a plain.png', 'some/e.gif', 'missing.png']
    const { stdout } = await infer(['--list', '-', '--format', 'jsonl'], {
      input: names.map((name) => name + end).join(''),
    })
    expect(linesOf(stdout).map(({ picture }) => picture)).toEqual(names)
    expect(linesOf(stdout)[2]?.error).toBe('missing.png: no such file')
  })

  test('--shard: the parts make the whole, and none has what another has', async () => {
    const parts = await Promise.all([0, 1, 2].map((part) => infer(['many', '--shard', `${part}/3`, '--format', 'csv'])))
    const names = parts.flatMap(({ stdout }) =>
      stdout
        .split('\n')
        .slice(1)
        .map((line) => line.split(',')[0]),
    )
    expect(names).toHaveLength(MANY)
    expect(new Set(names).size).toBe(MANY)
  })

  test.each(['jsonl', 'csv'] as const)(
    '--resume: killed at any moment and gone on with, a %s report has each picture exactly once',
    async (format) => {
      const report = `report.${format}`
      const args = ['some', 'many', '--format', format, '--output', report, '--batch-size', '64', '--resume']
      const path = join(folder, report)
      let kills = 0
      for (const share of [0.1, 0.3, 0.6]) {
        const run = infer(args)
        const done = run.then(
          () => true,
          () => true,
        )
        const whole = MANY * (format === 'csv' ? 30 : 100)
        for (let ended = false; !ended && (await sizeOf(path)) < share * whole; )
          ended = await Promise.race([done, new Promise<boolean>((resolve) => setTimeout(() => resolve(false), 5))])
        if (run.kill('SIGKILL')) kills++
        await done
      }
      expect(kills).toBeGreaterThan(0)
      // As a kill within a write leaves it.
      const half = await readFile(path)
      await writeFile(path, half.subarray(0, half.length - 7))
      const { stderr } = await infer(args)
      expect(stderr.split('\n').length).toBe(1)
      const once = await infer(['some', 'many', '--format', format])
      const sorted = (text: string): string[] => text.trimEnd().split('\n').sort()
      expect(sorted(await readFile(path, 'utf8'))).toEqual(sorted(once.stdout))
    },
    60_000,
  )

  test('ends without a word where its reader has seen enough', async () => {
    const { stderr, exitCode } = await execa(
      `"${process.execPath}" "${join(ROOT, 'packages/infer/bin/mnist-infer.js')}" many --format csv --batch-size 8 --model template --provider cpu | head -n 2`,
      { shell: true, cwd: folder, reject: false },
    )
    expect({ stderr, exitCode }).toEqual({ stderr: '', exitCode: 0 })
  })

  const usages: readonly (readonly [string, readonly string[], RegExp])[] = [
    ['a part that is none', ['many', '--shard', '3/3'], /^--shard: expected i\/n, i from 0 to n - 1, found 3\/3$/],
    ['--resume of nothing', ['many', '--resume'], /^--resume: expected --output FILE/],
    ['a table of an archive', ['x.tar', '--format', 'table'], /^--format table: expected --format jsonl or csv/],
    ['JSON of a list', ['--list', 'x', '--json'], /^--json: expected --format jsonl or csv/],
    ['--show', ['many', '--format', 'csv', '--show'], /^--show: expected it with a table/],
    ['no pictures', ['--format', 'csv'], /^expected pictures, found none: /],
    [
      'a batch of none',
      ['many', '--batch-size', '0'],
      /^--batch-size: expected a whole number from 1 to 10000, found 0$/,
    ],
  ]
  test.each(usages)('refuses %s in one line, with status 2', async (_, args, message) => {
    const { exitCode, stdout, stderr } = await infer(args)
    expect({ exitCode, stdout }).toEqual({ exitCode: 2, stdout: '' })
    expect(stderr.split('\n')).toHaveLength(1)
    expect(stderr.replace('mnist-infer: ', '')).toMatch(message)
  })

  test('--resume: refuses to mix the answers of two models, or of two ways to read', async () => {
    const begun = ['some', '--output', 'mixed.jsonl', '--provider', 'cpu']
    await infer(['some', '--output', 'mixed.jsonl'])
    const before = await readFile(join(folder, 'mixed.jsonl'), 'utf8')
    const others: readonly (readonly [readonly string[], RegExp])[] = [
      [
        ['--model', 'lenet5'],
        /begun with model template \(SHA-256 \w{12}…\), found model lenet5 \(SHA-256 \w{12}…\): go on/,
      ],
      [
        ['--model', 'template', '--invert', 'yes'],
        /begun with --invert auto, found --invert yes: go on as it was begun/,
      ],
    ]
    for (const [other, message] of others) {
      const mixed = await start('mnist-infer', [...begun, '--resume', ...other], { cwd: folder })
      expect(mixed).toMatchObject({ exitCode: 2, stdout: '', stderr: expect.stringMatching(message) })
    }
    expect(await readFile(join(folder, 'mixed.jsonl'), 'utf8')).toBe(before)
  })

  test('does not write over a report, nor go on with another kind of file', async () => {
    await writeFile(join(folder, 'there.txt'), 'my notes\n')
    const over = await infer(['some', '--output', 'there.txt'])
    expect(over).toMatchObject({
      exitCode: 2,
      stderr: expect.stringMatching(/there\.txt: it is there already: go on with it by --resume/),
    })
    const on = await infer(['some', '--output', 'there.txt', '--resume'])
    expect(on).toMatchObject({
      exitCode: 1,
      stderr: expect.stringMatching(/there\.txt: record 1: expected one of a jsonl report/),
    })
    expect(await readFile(join(folder, 'there.txt'), 'utf8')).toBe('my notes\n')
  })
})

async function sizeOf(path: string): Promise<number> {
  return (await stat(path).catch(() => ({ size: 0 }))).size
}
