import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createClassifier, LEAST_PROBABILITY } from 'mnist-infer'
import { renderSvg } from 'mnist-infer/image'
import { createRandom } from 'mnist-infer/mnist'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { ROOT, start } from './support/commands.js'

const LENET = join(ROOT, 'models', 'lenet5.onnx')

let folder: string
let strokes: Record<string, readonly string[]>

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'house numbers '))
  strokes = JSON.parse(await readFile(join(ROOT, 'test/fixtures/strokes.json'), 'utf8'))
})

afterAll(() => rm(folder, { recursive: true }))

/** Rows of digits in one hand, a little uneven. */
function drawNumbers(rows: readonly string[], seed = 1): Promise<Uint8Array> {
  const random = createRandom(seed, 'numbers')
  const width = 80 + 72 * Math.max(...rows.map((row) => row.length))
  const marks = rows.flatMap((row, y) =>
    [...row].map((digit, x) => {
      const variants = strokes[digit] as readonly string[]
      const place = `translate(${40 + 72 * x + 6 * random()} ${40 + 120 * y + 6 * random()}) rotate(${10 * random() - 5} 40 40) scale(0.8)`
      return `<path transform="${place}" d="${variants[Math.floor(random() * variants.length)]}" fill="none" stroke="#223" stroke-width="9" stroke-linecap="round" stroke-linejoin="round"/>`
    }),
  )
  return renderSvg(
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${60 + 120 * rows.length}"><rect width="100%" height="100%" fill="#eee8dd"/>${marks.join('')}</svg>`,
    { scale: 1 },
  )
}

function infer(args: readonly string[]) {
  return start('mnist-infer', [...args, '--model', LENET, '--provider', 'cpu'], { cwd: folder })
}

describe('mnist-infer --multi', () => {
  test('reads the numbers in a picture, rows from the top, and says the same as JSON with the place of each digit', async () => {
    await writeFile(join(folder, 'two.png'), await drawNumbers(['1874', '26']))
    const { stdout, stderr, exitCode } = await infer(['two.png', '--multi', '--explain', 'steps'])
    expect({ stderr, exitCode }).toEqual({ stderr: '', exitCode: 0 })
    expect(stdout).toMatch(/^two\.png: 1874 26 {2}\(the least sure digit at \d+\.\d\d %\)$/)
    expect((await readdir(join(folder, 'steps', 'two.png'))).sort().slice(5, 7)).toEqual([
      '06 digits.png',
      '07 framed 1.png',
    ])
    const json = JSON.parse((await infer(['two.png', '--multi', '--json'])).stdout).pictures[0]
    expect(json.numbers).toEqual(['1874', '26'])
    expect(json.digits.map(({ digit }: { digit: number }) => digit).join('')).toBe('187426')
    expect(json.digits[1].box.x).toBeGreaterThan(json.digits[0].box.x)
  })

  test('goes on after a picture that cannot be read, and says of a blank one that there is no digit', async () => {
    const blank = join(ROOT, 'test/fixtures/pictures/blank.png')
    const { stdout, stderr, exitCode } = await infer(['missing.png', blank, '--multi'])
    expect(exitCode).toBe(1)
    expect(stderr).toBe('mnist-infer: missing.png: no such file')
    expect(stdout).toBe(`${blank}: no digit: it is blank`)
  })
})

test('reads at least 38 of 40 drawn numbers of two to seven digits without a mistake', async () => {
  const classifier = await createClassifier({ model: LENET, provider: 'cpu' })
  const random = createRandom(9, 'lengths')
  let right = 0
  for (let index = 0; index < 40; index++) {
    const number = Array.from({ length: 2 + Math.floor(6 * random()) }, () => Math.floor(10 * random())).join('')
    const { rows } = await classifier.classifyMany({ name: number, bytes: await drawNumbers([number], index) })
    if (rows.map((row) => row.map(({ digit }) => digit ?? '?').join('')).join(' ') === number) right++
  }
  await classifier.close()
  expect(right).toBeGreaterThanOrEqual(38)
})

test('says ‘no digit’ of what no digit is likely to be, and of nothing else', async () => {
  const classifier = await createClassifier({ model: LENET, provider: 'cpu' })
  const random = createRandom(4, 'scribbles')
  const point = (): string => `${(10 + 180 * random()).toFixed(0)} ${(10 + 180 * random()).toFixed(0)}`
  let none = 0
  for (let index = 0; index < 40; index++) {
    const path = `M${point()} ${Array.from({ length: 7 }, () => `Q${point()} ${point()}`).join(' ')}`
    const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="200" height="200"><rect width="100%" height="100%" fill="#fff"/><path d="${path}" fill="none" stroke="#000" stroke-width="9"/></svg>`
    const [answer] = await classifier.classify([{ name: 'scribble', bytes: await renderSvg(svg, { scale: 1 }) }])
    if (answer?.digit === null) {
      none++
      expect(answer.reason).toMatch(
        /^it is unlike any digit: most like \d, at [1-4]?\d %$|^it is unlike any digit: most like \d, at 50 %$/,
      )
    } else expect(answer?.probability).toBeGreaterThanOrEqual(LEAST_PROBABILITY)
  }
  await classifier.close()
  expect(none).toBeGreaterThan(0)
  expect(none).toBeLessThan(40)
})
