// How well pictures that people have are read: digits drawn with strokes under all kinds of light, on all kinds of paper, none of them
// MNIST's; and what is no digit at all. Everything is drawn from a seed: the same pictures each time.
import { readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { parseArgs } from 'node:util'
import { createClassifier } from 'mnist-infer'
import { renderSvg } from 'mnist-infer/image'
import { createRandom } from 'mnist-infer/mnist'

const sharp = createRequire(new URL('../packages/infer/package.json', import.meta.url))('sharp')
const SIDE = 240

const pick = (random, from, to) => from + (to - from) * random()
const grey = (level) => `rgb(${[level, level, level].map(Math.round).join()})`
const fill = (colour) => `<rect width="100%" height="100%" fill="${colour}"/>`

function ruled(random, { squared }) {
  const gap = pick(random, 14, 40)
  const tilt = pick(random, -8, 8)
  const colour = random() < 0.5 ? '#8fb3d9' : '#b9b2c9'
  const width = pick(random, 0.8, 2)
  const lines = Array.from({ length: Math.ceil(SIDE / gap) + 2 }, (_, i) => {
    const at = (i - 0.5) * gap
    const level = `<path d="M0 ${at} L${SIDE} ${at + tilt}" stroke="${colour}" stroke-width="${width}"/>`
    return squared
      ? `${level}<path d="M${at} 0 L${at - tilt} ${SIDE}" stroke="${colour}" stroke-width="${width}"/>`
      : level
  })
  return lines.join('')
}

function light(random) {
  const angle = pick(random, 0, 360)
  const most = pick(random, 0.3, 0.7)
  return `<defs><linearGradient id="l" gradientTransform="rotate(${angle} 0.5 0.5)"><stop offset="0" stop-opacity="0"/><stop offset="1" stop-opacity="${most}"/></linearGradient></defs>${fill('url(#l)')}`
}

function shadow(random) {
  const [a, b] = [pick(random, 0.2, 0.8) * SIDE, pick(random, 0.2, 0.8) * SIDE]
  const blur = pick(random, 0.1, 6)
  return `<defs><filter id="b"><feGaussianBlur stdDeviation="${blur}"/></filter></defs><path filter="url(#b)" d="M-20 -20 H${a} L${b} ${SIDE + 20} H-20 Z" opacity="${pick(random, 0.2, 0.5)}"/>`
}

function table(random) {
  const [a, b, c, d] = Array.from({ length: 4 }, () => pick(random, 4, 30))
  return `<path fill-rule="evenodd" fill="${grey(pick(random, 30, 110))}" d="M0 0H${SIDE}V${SIDE}H0Z M${a} ${b}V${SIDE - c}H${SIDE - d}V${b}Z"/>`
}

/** What lies under and over the digit, and how the picture is kept. */
const SCENES = {
  'dark on white': () => ({}),
  'white on black': () => ({ paper: '#000', ink: '#fff' }),
  'grey on grey': (random) => ({ paper: grey(pick(random, 170, 220)), ink: grey(pick(random, 90, 130)) }),
  coloured: (random) => ({
    paper: random() < 0.5 ? '#ffe27a' : '#d7f0df',
    ink: random() < 0.5 ? '#b3123f' : '#1438a8',
  }),
  transparent: (random) => ({ paper: 'none', ink: random() < 0.5 ? '#000' : '#fff' }),
  'fine liner': (random) => ({ thickness: pick(random, 1.5, 3) }),
  brush: (random) => ({ thickness: pick(random, 14, 20) }),
  'uneven light': (random) => ({ over: light(random), jpeg: 85 }),
  'the edge of a shadow': (random) => ({ over: shadow(random), jpeg: 85 }),
  'ruled paper': (random) => ({ under: ruled(random, { squared: false }), jpeg: 85 }),
  'squared paper': (random) => ({ under: ruled(random, { squared: true }), jpeg: 85 }),
  'on a table': (random) => ({ under: table(random), jpeg: 85 }),
  'chalk, uneven light': (random) => ({ paper: '#2c4038', ink: '#e8e8e0', over: light(random), jpeg: 85 }),
  'a bad JPEG': () => ({ jpeg: 15 }),
  'a noisy camera': (random) => ({ noise: pick(random, 8, 22), paper: '#d8d4cc', ink: '#33302c' }),
  'small in the picture': (random) => ({ scale: 0.3, jpeg: random() < 0.5 ? 80 : undefined }),
}

/** Strokes in a box of 100 that make no digit: letters, signs, scribbles. */
const LETTERS = {
  A: 'M15 95 L50 5 L85 95 M30 62 H70',
  E: 'M80 8 H25 V92 H80 M25 50 H68',
  H: 'M20 5 V95 M80 5 V95 M20 50 H80',
  K: 'M22 5 V95 M80 5 L22 55 L82 95',
  M: 'M12 95 V5 L50 60 L88 5 V95',
  N: 'M18 95 V5 L82 95 V5',
  R: 'M22 95 V5 H55 C90 5 90 50 55 50 H22 M52 50 L82 95',
  T: 'M10 8 H90 M50 8 V95',
  W: 'M6 5 L28 95 L50 30 L72 95 L94 5',
  X: 'M15 5 L85 95 M85 5 L15 95',
  '#': 'M35 5 L25 95 M75 5 L65 95 M8 35 H92 M8 65 H92',
  '+': 'M50 10 V90 M10 50 H90',
  '?': 'M22 30 C22 -5 80 -5 78 30 C76 52 50 50 50 70 M50 88 V92',
  '=': 'M10 35 H90 M10 65 H90',
}

const NO_DIGITS = {
  letters: (random) => Object.values(LETTERS)[Math.floor(random() * Object.keys(LETTERS).length)],
  scribbles: (random) => {
    const point = () => `${pick(random, 5, 95).toFixed(0)} ${pick(random, 5, 95).toFixed(0)}`
    return `M${point()} ${Array.from({ length: 7 }, () => `Q${point()} ${point()}`).join(' ')}`
  },
  lines: (random) => Array.from({ length: 3 }, () => `M5 ${pick(random, 5, 95)} L95 ${pick(random, 5, 95)}`).join(' '),
  zigzags: (random) => {
    const n = 4 + Math.floor(random() * 4)
    return `M5 50 ${Array.from({ length: n }, (_, i) => `L${5 + (90 * (i + 1)) / n} ${i % 2 ? pick(random, 60, 95) : pick(random, 5, 40)}`).join(' ')}`
  },
}

async function draw(path, random, scene) {
  const { paper = '#fff', ink = grey(pick(random, 0, 60)), under = '', over = '', jpeg, noise = 0, scale = 1 } = scene
  const thickness = scene.thickness ?? pick(random, 6, 12)
  const size = scale * pick(random, 120, 190)
  const room = Math.max(0, (SIDE - size) / 2 - 22)
  const [x, y] = [SIDE / 2 + pick(random, -room, room), SIDE / 2 + pick(random, -room, room)]
  const hand = `translate(${x} ${y}) rotate(${pick(random, -10, 10)}) skewX(${pick(random, -14, 6)}) scale(${(size / 100) * pick(random, 0.8, 1)} ${size / 100}) translate(-50 -50)`
  const stroke = `fill="none" stroke="${ink}" stroke-width="${thickness}" stroke-linecap="round" stroke-linejoin="round"`
  const ground = paper === 'none' ? '' : fill(paper)
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="${SIDE}" height="${SIDE}">${ground}${under}<path transform="${hand}" d="${path}" ${stroke}/>${over}</svg>`
  const png = await renderSvg(svg, { scale: 1 })
  if (noise === 0)
    return jpeg === undefined ? png : sharp(png).flatten({ background: '#fff' }).jpeg({ quality: jpeg }).toBuffer()
  const { data, info } = await sharp(png).flatten().raw().toBuffer({ resolveWithObject: true })
  for (let index = 0; index < data.length; index++) {
    // The sum of three even numbers is near enough to a normal one: variance 3/12.
    const deviation = 2 * (random() + random() + random() - 1.5)
    data[index] = Math.max(0, Math.min(255, data[index] + noise * deviation))
  }
  return sharp(data, { raw: info }).jpeg({ quality: 90 }).toBuffer()
}

/** Prints a line a scene, and returns the shares: read right, polarity right, and of what is no digit, told so. */
export async function main(args) {
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: { each: { type: 'string', default: '60' }, seed: { type: 'string', default: '1' } },
  })
  const strokes = JSON.parse(await readFile(new URL('../test/fixtures/strokes.json', import.meta.url), 'utf8'))
  const classifier = await createClassifier({ model: positionals[0] ?? 'lenet5', provider: 'cpu' })
  const each = Number(values.each)
  const total = { pictures: 0, right: 0, polarity: 0 }
  const shares = {}
  for (const [name, scene] of Object.entries(SCENES)) {
    const random = createRandom(Number(values.seed), name)
    const count = { right: 0, polarity: 0, none: 0 }
    for (let index = 0; index < each; index++) {
      const digit = index % 10
      const variants = strokes[digit]
      const drawn = scene(random)
      const bytes = await draw(variants[Math.floor(random() * variants.length)], random, drawn)
      const [answer] = await classifier.classify([{ name, bytes }])
      const polarity = drawn.ink === '#fff' || drawn.ink === '#e8e8e0' ? 'light-on-dark' : 'dark-on-light'
      if (answer.digit === digit) count.right++
      if (answer.framed.polarity === polarity) count.polarity++
      if (answer.digit === null) count.none++
    }
    total.pictures += each
    total.right += count.right
    total.polarity += count.polarity
    shares[name] = count.right / each
    console.log(
      `${name.padEnd(22)} ${percent(count.right / each)} right, polarity ${percent(count.polarity / each)}, 'no digit' ${percent(count.none / each)}`,
    )
  }
  console.log(
    `${'all'.padEnd(22)} ${percent(total.right / total.pictures)} right, polarity ${percent(total.polarity / total.pictures)}`,
  )
  const told = {}
  for (const [name, path] of Object.entries(NO_DIGITS)) {
    const random = createRandom(Number(values.seed), name)
    let none = 0
    for (let index = 0; index < each; index++) {
      const [answer] = await classifier.classify([{ name, bytes: await draw(path(random), random, {}) }])
      if (answer.digit === null) none++
    }
    told[name] = none / each
    console.log(`${name.padEnd(22)} ${percent(none / each)} told to be no digit`)
  }
  await classifier.close()
  return { right: total.right / total.pictures, polarity: total.polarity / total.pictures, shares, told }
}

function percent(share) {
  return `${(100 * share).toFixed(1).padStart(5)} %`
}
