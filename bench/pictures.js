// How well pictures that people have are read: digits drawn with strokes under all kinds of light, on all kinds of paper, none of them
// MNIST's; and what is no digit at all. Everything is drawn from a seed: the same pictures each time.
import { readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { parseArgs } from 'node:util'
import { createClassifier, DEFAULT_MODEL } from 'mnist-infer'
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

/** Small letters and other scripts' signs. No recipe trains on any of these, nor on the letters above. */
const SCRIPTS = {
  k: 'M25 5 V95 M70 35 L25 65 M38 58 L75 95',
  w: 'M8 30 L28 92 L50 40 L72 92 L92 30',
  x: 'M20 30 C50 40 55 90 85 92 M82 28 C60 45 40 80 18 94',
  ж: 'M50 10 V90 M12 12 C30 50 70 50 88 12 M12 90 C30 48 70 48 88 90',
  ю: 'M15 10 V90 M15 50 H40 M66 12 C36 12 36 88 66 88 C96 88 96 12 66 12',
  ф: 'M50 5 V95 M50 28 C8 28 8 70 50 70 C92 70 92 28 50 28',
  大: 'M10 35 H90 M50 8 C50 50 35 80 10 94 M50 38 C58 65 72 84 90 94',
  木: 'M8 32 H92 M50 5 V95 M48 34 C40 55 26 70 8 82 M52 34 C60 55 74 70 92 82',
  田: 'M15 12 H85 V90 H15 Z M50 12 V90 M15 50 H85',
  あ: 'M15 25 H80 M42 8 C38 40 40 70 50 90 M70 42 C55 85 15 100 18 72 C20 48 80 38 84 66 C86 84 70 92 58 94',
}

/** What people draw while they listen. */
const DRAWINGS = {
  house: 'M15 95 V45 L50 8 L85 45 V95 Z M42 95 V68 H60 V95',
  face: 'M50 5 C108 5 108 95 50 95 C-8 95 -8 5 50 5 M34 36 V40 M66 36 V40 M30 66 C40 80 60 80 70 66',
  fish: 'M8 50 C30 10 65 20 75 50 C65 80 30 90 8 50 M75 50 L96 25 V75 Z M24 44 V46',
  cup: 'M12 20 H70 L62 92 H22 Z M68 34 C100 30 98 70 64 66',
  tree: 'M50 96 V60 M50 60 C10 66 10 30 32 30 C30 2 72 2 70 30 C92 32 90 66 50 60',
  spiral: 'M50 50 C58 42 66 54 56 62 C40 72 26 54 36 38 C54 18 84 36 78 62 C70 94 24 92 14 58 C8 26 36 4 62 8',
  flower:
    'M50 40 C30 10 70 10 50 40 C80 20 84 56 50 40 C84 68 50 78 50 40 C40 78 14 66 50 40 C16 54 22 16 50 40 M50 44 V96',
  key: 'M30 10 C2 10 2 48 30 48 C58 48 58 10 30 10 M44 44 L88 92 M72 76 L84 66 M80 84 L92 74',
}

const nothing = () => ''
const oneOf = (paths) => (random) => Object.values(paths)[Math.floor(random() * Object.keys(paths).length)]

const NO_DIGITS = {
  letters: oneOf(LETTERS),
  'other scripts': oneOf(SCRIPTS),
  drawings: oneOf(DRAWINGS),
  scribbles: (random) => {
    const point = () => `${pick(random, 5, 95).toFixed(0)} ${pick(random, 5, 95).toFixed(0)}`
    return `M${point()} ${Array.from({ length: 7 }, () => `Q${point()} ${point()}`).join(' ')}`
  },
  lines: (random) => Array.from({ length: 3 }, () => `M5 ${pick(random, 5, 95)} L95 ${pick(random, 5, 95)}`).join(' '),
  zigzags: (random) => {
    const n = 4 + Math.floor(random() * 4)
    return `M5 50 ${Array.from({ length: n }, (_, i) => `L${5 + (90 * (i + 1)) / n} ${i % 2 ? pick(random, 60, 95) : pick(random, 5, 40)}`).join(' ')}`
  },
  clouds: nothing,
}

/** Pictures of nothing at all: what lies there instead of paper with a stroke on it. */
const GROUNDS = {
  clouds: (random) => ({
    under: `<defs><filter id="c" x="0" y="0" width="1" height="1"><feTurbulence type="fractalNoise" baseFrequency="${pick(random, 0.01, 0.06)}" numOctaves="3" seed="${Math.floor(1000 * random())}"/><feColorMatrix type="saturate" values="0"/></filter></defs><rect width="100%" height="100%" filter="url(#c)"/>`,
    jpeg: 85,
  }),
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
  const classifier = await createClassifier({ model: positionals[0] ?? DEFAULT_MODEL, provider: 'cpu' })
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
      const [answer] = await classifier.classify([
        { name, bytes: await draw(path(random), random, GROUNDS[name]?.(random) ?? {}) },
      ])
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
