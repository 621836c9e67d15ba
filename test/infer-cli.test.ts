import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { crc32, deflateSync } from 'node:zlib'
import { encodeIdx, generateDigits } from 'mnist-infer/mnist'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { ROOT, start } from './support/commands.js'
import { writeDigits } from './support/digits.js'
import { templateModel } from './support/template-model.js'

const PICTURES = join(ROOT, 'test/fixtures/pictures')
const DIGIT = join(PICTURES, 'digit.png')

let folder: string
let model: string

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'reading digits '))
  model = join(folder, 'template.onnx')
  await writeFile(model, templateModel({ metadata: { 'mnist.network': 'template' } }))
})

afterAll(() => rm(folder, { recursive: true }))

/** Runs the command in the test's folder, on the CPU alone, so that the machine's GPU plays no part. */
function infer(args: readonly string[], options: { input?: Uint8Array; env?: Record<string, string> } = {}) {
  return start('mnist-infer', [...args, '--provider', 'cpu'], { cwd: folder, ...options })
}

describe('mnist-infer <pictures…>', () => {
  test('prints a table with a line a picture, names as they were given', async () => {
    const { exitCode, stderr, stdout } = await infer([DIGIT, '--model', model])
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' })
    const [head, line, ...rest] = stdout.split('\n')
    expect(head).toBe(`${'picture'.padEnd(Math.min(60, DIGIT.length))}  digit  probability`)
    expect(line).toMatch(/digit\.png +7 +\d+\.\d\d %$/)
    expect(rest).toEqual([])
  })

  test('finds a model by its name in the current folder and in ./models, with and without .onnx', async () => {
    await mkdir(join(folder, 'models'), { recursive: true })
    await writeFile(join(folder, 'models', 'other.onnx'), templateModel())
    for (const name of ['template', 'template.onnx', 'other', 'other.onnx']) {
      const { exitCode, stderr, stdout } = await infer([DIGIT, '--model', name, '--json'])
      expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' })
      expect(JSON.parse(stdout).model.path).toMatch(
        name.startsWith('template') ? /template\.onnx$/ : /models.other\.onnx$/,
      )
    }
  })

  test('--json says what ran, and of each picture the digit, the guesses, the polarity and the place', async () => {
    const { stdout } = await infer([DIGIT, join(PICTURES, 'blank.png'), '--model', model, '--json', '--top', '3'])
    const { model: used, provider, pictures } = JSON.parse(stdout)
    expect(used).toMatchObject({ path: model, metadata: { 'mnist.network': 'template' } })
    expect(provider).toEqual({ name: 'cpu', reason: 'asked for', passedOver: [] })
    expect(pictures[0]).toMatchObject({ picture: DIGIT, digit: 7, polarity: 'dark-on-light' })
    expect(pictures[0].top).toHaveLength(3)
    expect(pictures[0].top[0]).toEqual({ digit: 7, probability: pictures[0].probability })
    expect(pictures[0].box.width).toBeGreaterThan(70)
    expect(pictures[1]).toEqual({ picture: join(PICTURES, 'blank.png'), digit: null, reason: 'it is blank' })
  })

  test('reads folders and what lies below them, globs, and standard input', async () => {
    const deep = join(folder, 'scans', 'of may')
    await mkdir(deep, { recursive: true })
    await writeFile(join(deep, 'b.PNG'), await readFile(DIGIT))
    await writeFile(join(folder, 'scans', 'a.png'), await readFile(DIGIT))
    await writeFile(join(folder, 'scans', 'notes.txt'), 'no picture')
    const names = async (args: string[], input?: Uint8Array) => {
      const { stdout, stderr } = await infer(
        [...args, '--model', model, '--json'],
        input === undefined ? {} : { input },
      )
      expect(stderr).toBe('')
      return JSON.parse(stdout).pictures.map(({ picture, digit }: { picture: string; digit: number }) => [
        picture,
        digit,
      ])
    }
    expect(await names(['scans'])).toEqual([
      [join('scans', 'a.png'), 7],
      [join('scans', 'of may', 'b.PNG'), 7],
    ])
    expect(await names(['scans/**/*.png', '-'], await readFile(DIGIT))).toEqual([
      ['scans/a.png', 7],
      ['standard input', 7],
    ])
  })

  test('answers the other pictures where one is bad, says so in one line, and exits with 1', async () => {
    const { exitCode, stderr, stdout } = await infer(['missing.png', DIGIT, '--model', model])
    expect({ exitCode, stderr }).toEqual({ exitCode: 1, stderr: 'mnist-infer: missing.png: no such file' })
    expect(stdout).toMatch(/digit\.png +7 /)
  })

  test('--show draws what the network saw, 14 lines of at most 28 letters where there is no terminal', async () => {
    const { stdout } = await infer([DIGIT, '--model', model, '--show'])
    const lines = `${stdout}\n`.split('\n').slice(2, 16)
    expect(lines).toHaveLength(14)
    for (const line of lines) expect(line).toMatch(/^[ .:\-=+*#%@]{0,28}$/)
    expect(lines.join('')).toContain('@@@')
  })

  test('--explain writes each step of the framing as a picture', async () => {
    const { exitCode } = await infer([DIGIT, '--model', model, '--explain', 'the steps'])
    expect(exitCode).toBe(0)
    expect((await readdir(join(folder, 'the steps', 'digit.png'))).sort()).toEqual([
      '1 picture.png',
      '2 working size.png',
      '3 light.png',
      '4 ink, dark-on-light.png',
      '5 thresholded.png',
      '6 digit.png',
      '7 framed.png',
    ])
  })

  test('--verbose says on standard error which file runs on which provider', async () => {
    const { stderr } = await infer([DIGIT, '--model', model, '--verbose'])
    expect(stderr).toMatch(/^mnist-infer: .*template\.onnx \([\d,]+ bytes\) on cpu \(asked for\)$/)
  })
})

describe('what cannot be read is one line and a status, no stack trace and no file', () => {
  /** A PNG of the size that its header says, and of next to no data. */
  const png = (width: number, height: number): Buffer => {
    const chunk = (type: string, data: Buffer): Buffer => {
      const body = Buffer.concat([Buffer.from(type, 'latin1'), data])
      const [length, check] = [Buffer.alloc(4), Buffer.alloc(4)]
      length.writeUInt32BE(data.length)
      check.writeUInt32BE(crc32(body))
      return Buffer.concat([length, body, check])
    }
    const header = Buffer.alloc(13)
    header.writeUInt32BE(width, 0)
    header.writeUInt32BE(height, 4)
    header.set([8, 0, 0, 0, 0], 8)
    const signature = Buffer.from('\x89PNG\r\n\x1a\n', 'latin1')
    return Buffer.concat([
      signature,
      chunk('IHDR', header),
      chunk('IDAT', deflateSync(Buffer.alloc(100))),
      chunk('IEND', Buffer.alloc(0)),
    ])
  }

  const pictures: readonly (readonly [string, () => Buffer | Promise<Buffer>, RegExp])[] = [
    ['text.png', () => Buffer.from('hello, this is text'), /^text\.png: expected a picture \(PNG, .*\), found /],
    ['cut.png', async () => (await readFile(DIGIT)).subarray(0, 900), /^cut\.png: a broken PNG file \(/],
    [
      'bomb.png',
      () => png(60_000, 60_000),
      /^bomb\.png: expected at most 64 million pixels, found 60000×60000: make it smaller$/,
    ],
    ['empty.png', () => Buffer.alloc(0), /^empty\.png: expected a picture, found nothing: it is empty$/],
    [
      'drawing.svg',
      () => Buffer.from('<svg xmlns="http://www.w3.org/2000/svg"/>'),
      /^drawing\.svg: SVG is not read, because /,
    ],
  ]
  test.each(pictures)('the picture %s', async (name, bytes, message) => {
    await writeFile(join(folder, name), await bytes())
    const { exitCode, stderr, stdout } = await infer([name, '--model', model])
    expect({ exitCode, stdout }).toEqual({ exitCode: 1, stdout: '' })
    expectOneLine(stderr, message)
  })

  const models: readonly (readonly [string, () => Uint8Array, RegExp])[] = [
    ['empty.onnx', () => new Uint8Array(), /^empty\.onnx: expected an ONNX model, found an empty file$/],
    ['cut.onnx', () => templateModel().subarray(0, 5000), /^cut\.onnx: expected an ONNX model, found /],
    [
      'random.onnx',
      () => generateDigits({ count: 10, seed: 3 }).images,
      /^random\.onnx: expected an ONNX model, found /,
    ],
    [
      'wide.onnx',
      () => templateModel({ input: { shape: ['batch', 1, 14, 56] } }),
      /^wide\.onnx: expected input image float32 \[batch, 1, 28, 28\] and output probabilities or logits float32 \[batch, 10\], found input image float32 \[batch, 1, 14, 56\], output logits float32 \[batch, 10\] and probabilities float32 \[batch, 10\]: not a digit model$/,
    ],
    ['external.onnx', () => externalModel(), /^external\.onnx: .*external/],
  ]
  test.each(models)('the model %s', async (name, bytes, message) => {
    await writeFile(join(folder, name), bytes())
    const { exitCode, stderr, stdout } = await infer([DIGIT, '--model', name])
    expect({ exitCode, stdout }).toEqual({ exitCode: 1, stdout: '' })
    expectOneLine(stderr, message)
  })

  const usages: readonly (readonly [string, readonly string[], number, RegExp])[] = [
    ['a folder without pictures', ['bare', '--model', 'template'], 1, /^bare: no pictures in this folder$/],
    [
      'a glob without a match',
      ['*.tiff', '--model', 'template'],
      1,
      /^\*\.tiff: no such file, and no picture matches it$/,
    ],
    [
      'an unknown model',
      [DIGIT, '--model', 'lenet9'],
      1,
      /^model lenet9: expected a name or the path of an ONNX file, found neither; models here: .*template/,
    ],
    ['a missing model file', [DIGIT, '--model', 'no/such.onnx'], 1, /^no\/such\.onnx: no such file; models here: /],
    ['a folder for a model', [DIGIT, '--model', './bare'], 1, /^\.\/bare: expected an ONNX file, found a folder$/],
    ['no pictures', ['--model', 'template'], 2, /^expected pictures, found none: /],
    [
      'an unknown flag',
      [DIGIT, '--colour'],
      2,
      /^Unknown argument: colour\. 'mnist-infer --help' lists what there is$/,
    ],
    [
      'a number that is none',
      [DIGIT, '--model', 'template', '--top', 'many'],
      2,
      /^--top: expected a whole number from 1 to 10, found NaN$/,
    ],
    [
      'a folder for the steps that cannot be',
      [DIGIT, '--model', 'template', '--explain', 'template.onnx/steps'],
      1,
      /^template\.onnx\/steps: expected a folder to write to: a file is in its way$/,
    ],
    [
      'a picture of mistakes in no folder',
      ['verify', '--model', 'template', '--misread', 'no/where.png'],
      1,
      /^no\/where\.png: no such folder: no$/,
    ],
    [
      'a share above 1',
      ['verify', '--model', 'template', '--min-accuracy', '97'],
      2,
      /^--min-accuracy: expected a number from 0 to 1, found 97$/,
    ],
  ]
  test.each(usages)('%s', async (_, args, status, message) => {
    await mkdir(join(folder, 'bare'), { recursive: true })
    const { exitCode, stderr, stdout } = await infer(args)
    expect({ exitCode, stdout }).toEqual({ exitCode: status, stdout: '' })
    expectOneLine(stderr, message)
  })

  test.each(['wasm'])('the provider %s, which is not to be had here', async (provider) => {
    const { exitCode, stderr } = await start('mnist-infer', [DIGIT, '--model', model, '--provider', provider], {
      cwd: folder,
    })
    expect(exitCode).toBe(1)
    expect(stderr.split('\n').at(-1)).toMatch(
      new RegExp(`^mnist-infer: provider ${provider}: expected it to be here, found: `),
    )
  })
})

describe('mnist-infer verify', () => {
  test('prints the accuracy, figures for each digit and an aligned confusion matrix, and draws the misread digits', async () => {
    const data = await writeDigits(join(folder, 'digits'), { train: 20, test: 500 })
    const { exitCode, stderr, stdout } = await infer([
      'verify',
      '--model',
      model,
      '--data',
      data,
      '--misread',
      'misread.png',
    ])
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' })
    const lines = stdout.split('\n')
    expect(lines[0]).toMatch(/template\.onnx on .*: \d\d\.\d\d %, \d+ of 500 right, in \d+\.\d\d s$/)
    expect(lines[2]).toMatch(/^digit +precision +recall +F1 +pictures$/)
    const matrix = lines.slice(15, 26)
    expect(matrix[0]?.trim().split(/ +/)).toEqual(['0', '1', '2', '3', '4', '5', '6', '7', '8', '9'])
    expect(new Set(matrix.map((line) => line.length)).size).toBe(1)
    expect((await readFile(join(folder, 'misread.png'))).subarray(1, 4).toString()).toBe('PNG')
  })

  test('--json gives the same figures as numbers', async () => {
    const data = await writeDigits(join(folder, 'digits'), { train: 20, test: 500 })
    const { stdout } = await infer(['verify', '--model', model, '--data', data, '--json'])
    const { correct, total, accuracy, confusion, perClass, misread } = JSON.parse(stdout)
    expect({ total, accuracy }).toEqual({ total: 500, accuracy: correct / 500 })
    expect(confusion.flat().reduce((sum: number, count: number) => sum + count, 0)).toBe(500)
    expect(confusion.reduce((sum: number, row: number[], digit: number) => sum + (row[digit] as number), 0)).toBe(
      correct,
    )
    expect(perClass).toHaveLength(10)
    expect(misread).toHaveLength(500 - correct)
  })

  test('--report writes all figures to an HTML file, and the same as JSON beside it', async () => {
    const data = await writeDigits(join(folder, 'digits'), { train: 20, test: 500 })
    const { exitCode, stdout } = await infer([
      'verify',
      '--model',
      model,
      '--data',
      data,
      '--report',
      'of the template.html',
    ])
    expect(exitCode).toBe(0)
    const html = await readFile(join(folder, 'of the template.html'), 'utf8')
    const figures = JSON.parse(await readFile(join(folder, 'of the template.json'), 'utf8'))
    expect(figures).toMatchObject({ total: 500, provider: { name: 'cpu' } })
    expect(figures.calibration.bins).toHaveLength(15)
    expect(html).toContain(`${figures.correct} of 500`)
    expect(stdout).toMatch(/^Expected calibration error: \d+\.\d\d %$/m)
  })

  test('exits with 1 and one line where the accuracy is below --min-accuracy, after the figures', async () => {
    const data = join(folder, 'all wrong')
    await mkdir(data, { recursive: true })
    // Bare paper is one and the same digit to any model: nine of ten labels are wrong.
    await writeFile(
      join(data, 't10k-images-idx3-ubyte'),
      encodeIdx({ shape: [10, 28, 28], data: new Uint8Array(7840) }),
    )
    await writeFile(
      join(data, 't10k-labels-idx1-ubyte'),
      encodeIdx({ shape: [10], data: Uint8Array.from({ length: 10 }, (_, i) => i) }),
    )
    const { exitCode, stderr, stdout } = await infer([
      'verify',
      '--model',
      model,
      '--data',
      data,
      '--min-accuracy',
      '0.5',
    ])
    expect(exitCode).toBe(1)
    expect(stdout).toContain('10.00 %, 1 of 10 right')
    expect(stderr).toBe(`mnist-infer: ${model}: expected an accuracy of at least 0.5, found 0.1`)
  })
})

describe('mnist-infer info', () => {
  test('prints the inputs, the outputs, the metadata and the provider', async () => {
    const { stdout, stderr } = await infer(['info', 'template'])
    expect(stderr).toBe('')
    expect(stdout).toMatch(/^input +image float32 \[batch, 1, 28, 28\]$/m)
    expect(stdout).toMatch(/^output +probabilities float32 \[batch, 10\]$/m)
    expect(stdout).toMatch(/^provider +cpu \(asked for\)$/m)
    expect(stdout).toMatch(/^mnist\.network +template$/m)
  })
})

function expectOneLine(stderr: string, message: RegExp): void {
  expect(stderr.split('\n')).toHaveLength(1)
  expect(stderr.startsWith('mnist-infer: ')).toBe(true)
  expect(stderr.slice('mnist-infer: '.length)).toMatch(message)
}

/** A model whose one weight is said to be in another file: onnx.proto's TensorProto, external_data (13), data_location (14) = EXTERNAL. */
function externalModel(): Uint8Array {
  const varint = (field: number, value: number): number[] => [field << 3, value]
  const nested = (field: number, body: readonly number[]): number[] => [(field << 3) | 2, body.length, ...body]
  const text = (field: number, value: string): number[] => nested(field, [...Buffer.from(value)])
  const location = [...text(1, 'location'), ...text(2, '/etc/hostname')]
  const weight = [...varint(1, 1), ...varint(2, 1), ...text(8, 'weight'), ...nested(13, location), ...varint(14, 1)]
  return Uint8Array.from([...varint(1, 8), ...nested(7, [...text(2, 'graph'), ...nested(5, weight)])])
}
