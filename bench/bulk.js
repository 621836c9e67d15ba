// Many pictures: `mnist-infer` on a folder of PNG files against Python's Pillow and onnxruntime in two processes, by turns.
import { spawn } from 'node:child_process'
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { crc32, deflateSync } from 'node:zlib'
import { generateDigits } from 'mnist-infer/mnist'
import { benchPython } from './python.js'
import { median } from './side.js'

const path = (name) => fileURLToPath(new URL(name, import.meta.url))
const SIDE = 28
const PROCESSES = 2

/** Has a Node process say at its end, on standard error, what it took: the other side does so too. */
const ACCOUNT = `data:text/javascript,${encodeURIComponent(`
import { isMainThread } from 'node:worker_threads'
if (isMainThread) process.on('exit', () => {
  const { userCPUTime, systemCPUTime, maxRSS } = process.resourceUsage()
  process.stderr.write(JSON.stringify({ cpu: (userCPUTime + systemCPUTime) / 1e6, peak: maxRSS }) + '\\n')
})`)}`

/** Prints the figures, and returns them: pictures a second of both sides, their ratio, our peak memory in megabytes. */
export async function main(args) {
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: { rounds: { type: 'string', default: '3' }, pictures: { type: 'string', default: '60000' } },
  })
  const name = positionals[0] ?? 'lenet5'
  const model = name.endsWith('.onnx') ? name : path(`../models/${name}.onnx`)
  const count = Number(values.pictures)
  const python = await benchPython()
  const folder = await mkdtemp(join(tmpdir(), 'mnist-bulk-'))
  try {
    await writePictures(join(folder, 'png'), count)
    const ours = async () => {
      const report = join(folder, 'report.jsonl')
      await rm(report, { force: true })
      const command = [
        '--import',
        ACCOUNT,
        path('../packages/infer/bin/mnist-infer.js'),
        join(folder, 'png'),
        '--model',
        model,
      ]
      const result = await finish(
        process.execPath,
        [...command, '--threads', PROCESSES, '--output', report].map(String),
      )
      return { ...result, digits: await digitsOf([await readFile(report, 'utf8')]) }
    }
    const theirs = async () => {
      const start = performance.now()
      const sides = Array.from({ length: PROCESSES }, (_, shard) =>
        finish(python, [path('bulk-python.py'), join(folder, 'png'), model, shard, PROCESSES].map(String)),
      )
      const results = await Promise.all(sides)
      const seconds = (performance.now() - start) / 1000
      const cpu = results.reduce((sum, side) => sum + side.cpu, 0)
      return { seconds, cpu, digits: await digitsOf(results.map(({ stdout }) => stdout)) }
    }
    const turns = { ours: [], theirs: [] }
    for (let round = 0; round < Number(values.rounds); round++) {
      turns.ours.push(await ours())
      turns.theirs.push(await theirs())
    }
    return [report({ name, count, turns })]
  } finally {
    await rm(folder, { recursive: true })
  }
}

function report({ name, count, turns: { ours, theirs } }) {
  const rate = (side) => count / median(side.map(({ seconds }) => seconds))
  const cpu = (side) => median(side.map((turn) => turn.cpu))
  const megabytes = Math.max(...ours.map(({ peak }) => peak)) / 2 ** 10
  const others = theirs[0].digits
  const told = [...ours[0].digits].filter(([, digit]) => digit !== null)
  const same = told.filter(([picture, digit]) => others.get(picture) === digit).length
  const ratio = rate(ours) / rate(theirs)
  console.log(
    `${name}, ${count.toLocaleString('en-US')} PNG files of ${SIDE}×${SIDE}: mnist-infer ${whole(rate(ours))} pictures/s ` +
      `(${cpu(ours).toFixed(1)} s of processor time, at most ${Math.round(megabytes)} MB), Pillow and onnxruntime in ${PROCESSES} ` +
      `processes ${whole(rate(theirs))} (${cpu(theirs).toFixed(1)} s), medians of ${ours.length} turns: ratio ${ratio.toFixed(2)}, ` +
      `by processor time ${(cpu(theirs) / cpu(ours)).toFixed(2)}; ${whole(same)} of our ${whole(told.length)} answers the same, ${whole(count - told.length)} 'no digit'`,
  )
  return { model: name, pictures: count, ours: rate(ours), theirs: rate(theirs), ratio, megabytes, same }
}

/** A whole process: its output, seconds, processor time in seconds and peak memory in kilobytes. */
function finish(command, args) {
  const start = performance.now()
  const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'] })
  const [out, err] = [[], []]
  child.stdout.on('data', (chunk) => out.push(chunk))
  child.stderr.on('data', (chunk) => err.push(chunk))
  return new Promise((resolve, reject) => {
    child.once('error', reject)
    child.once('close', (status) => {
      const errors = Buffer.concat(err).toString()
      if (status !== 0) return reject(new Error(`${command}: status ${status}: ${errors}`))
      const { cpu, peak } = JSON.parse(errors.trim().split('\n').at(-1))
      resolve({
        stdout: Buffer.concat(out).toString(),
        seconds: (performance.now() - start) / 1000,
        cpu,
        peak,
      })
    })
  })
}

/** Name of the file -> digit. */
function digitsOf(reports) {
  const lines = reports.flatMap((text) => text.trimEnd().split('\n'))
  return new Map(lines.map((line) => JSON.parse(line)).map(({ picture, digit }) => [picture.split('/').at(-1), digit]))
}

/** Generated digits as grey PNG files, compressed as well as it goes. */
async function writePictures(folder, count) {
  await mkdir(folder)
  const { images } = generateDigits({ count, seed: 1 })
  const size = SIDE * SIDE
  for (let index = 0; index < count; index++) {
    const bytes = encodePng(images.subarray(index * size, (index + 1) * size))
    await writeFile(join(folder, `${String(index).padStart(6, '0')}.png`), bytes)
  }
}

function encodePng(pixels) {
  const header = Buffer.alloc(13)
  header.writeUInt32BE(SIDE)
  header.writeUInt32BE(SIDE, 4)
  header.set([8, 0, 0, 0, 0], 8)
  const rows = Buffer.alloc(SIDE * (SIDE + 1))
  for (let y = 0; y < SIDE; y++) rows.set(pixels.subarray(y * SIDE, (y + 1) * SIDE), y * (SIDE + 1) + 1)
  const signature = Buffer.from('\x89PNG\r\n\x1a\n', 'latin1')
  return Buffer.concat([
    signature,
    chunk('IHDR', header),
    chunk('IDAT', deflateSync(rows, { level: 9 })),
    chunk('IEND', Buffer.alloc(0)),
  ])
}

function chunk(type, body) {
  const [length, check] = [Buffer.alloc(4), Buffer.alloc(4)]
  const named = Buffer.concat([Buffer.from(type, 'latin1'), body])
  length.writeUInt32BE(body.length)
  check.writeUInt32BE(crc32(named))
  return Buffer.concat([length, named, check])
}

function whole(value) {
  return Math.round(value).toLocaleString('en-US')
}
