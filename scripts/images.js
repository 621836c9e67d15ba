// Draws the README's pictures into docs/images: `npm run images`. Pictures of digits beside what the network sees of them and its
// answer, by the code that `mnist-infer` runs; and the curves of the run that models/lenet5.onnx comes from, if it is kept in runs/.
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createClassifier } from 'mnist-infer'
import { decodePicture, encodePng, frameDigit, renderSvg } from 'mnist-infer/image'

const PICTURES = ['4-uneven-light.jpg', '6-lined-paper.jpg', '3-light-on-dark.png', '8-squared-paper.webp']
const SIDE = 120
const GAP = 16

const classifier = await createClassifier({ model: 'models/lenet5.onnx', provider: 'cpu' })
const columns = []
for (const [column, name] of PICTURES.entries()) {
  const file = join('test/fixtures/pictures', name)
  const picture = await decodePicture(file)
  const framed = frameDigit(picture)
  if (framed.digit === null) throw new Error(`${file}: ${framed.reason}`)
  const probabilities = await classifier.probabilities(framed.digit.pixels)
  const best = probabilities.indexOf(Math.max(...probabilities))
  const x = GAP + column * (SIDE + GAP)
  columns.push(
    image(await encodePng(picture), x, GAP),
    image(await encodePng(framed.digit), x, 2 * GAP + SIDE),
    `<text x="${x + SIDE / 2}" y="${2 * GAP + 2 * SIDE + 22}" text-anchor="middle" font-family="sans-serif" font-size="16">` +
      `${best} (${(probabilities[best] * 100).toFixed(1)} %)</text>`,
  )
}
await classifier.close()

const width = GAP + PICTURES.length * (SIDE + GAP)
const height = 2 * SIDE + 3 * GAP + 24
const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}"><rect width="100%" height="100%" fill="white"/>${columns.join('')}</svg>`
mkdirSync('docs/images', { recursive: true })
writeFileSync('docs/images/framing.png', await renderSvg(svg))

const runs = process.argv[2] ?? 'runs'
const newest = readdirSync(join(runs, 'lenet5')).sort().at(-1)
writeFileSync('docs/images/curves.png', readFileSync(join(runs, 'lenet5', newest, 'curves.png')))

function image(png, x, y) {
  const data = `data:image/png;base64,${Buffer.from(png).toString('base64')}`
  return `<image x="${x}" y="${y}" width="${SIDE}" height="${SIDE}" preserveAspectRatio="xMidYMid slice" href="${data}"/>`
}
