// From an empty cache to the first answer on the page that `npm run web` shows, the answers after that, and what went over the line.
import { HEADERS } from '../packages/web/serve.js'
import { median } from './side.js'
import { openBrowser, SITE, serve, untilQuiet } from './web-host.js'

/** Most milliseconds, from the navigation's start to the first answer, and for each answer after it. */
const [MOST_FIRST, MOST_LATER] = [1500, 20]

/** A one, a seven: what is drawn matters little here. */
const STROKES = [
  [
    [
      { x: 0.5, y: 0.2 },
      { x: 0.5, y: 0.8 },
    ],
  ],
  [
    [
      { x: 0.3, y: 0.2 },
      { x: 0.7, y: 0.2 },
      { x: 0.45, y: 0.8 },
    ],
  ],
]

const LATER = 60

/** Prints a line, and returns the figures. */
export async function benchLoad({ rounds }) {
  const [browser, host] = [await openBrowser(), await serve(SITE, HEADERS)]
  try {
    const loads = []
    for (let round = 0; round < rounds; round++) loads.push(await coldLoad(browser, host))
    const first = median(loads.map((load) => load.first))
    const later = loads.flatMap((load) => load.later).sort((a, b) => a - b)
    const [middle, ninetyFifth] = [median(later), later[Math.floor(later.length * 0.95)]]
    const { transferred, binaries } = loads[0]
    console.log(
      `load: first answer after ${Math.round(first)} ms (at most ${MOST_FIRST}), later ones ${middle.toFixed(1)} ms, 95 in 100 within ` +
        `${ninetyFifth.toFixed(1)} ms (at most ${MOST_LATER}); ${(transferred / 1e6).toFixed(2)} MB over the line, of it ` +
        `${binaries.map(({ encoding, bytes }) => `${(bytes / 1e6).toFixed(2)} MB of WASM (${encoding})`).join(', ')}`,
    )
    const holds = first <= MOST_FIRST && ninetyFifth <= MOST_LATER && binaries.length === 1
    return { first, later: middle, later95: ninetyFifth, transferred, binaries, holds }
  } finally {
    await browser.close()
    await host.close()
  }
}

/** A new context has no cache. */
async function coldLoad(browser, host) {
  const context = await browser.newContext()
  const page = await context.newPage()
  const [binaries, sizes] = [[], []]
  const session = await context.newCDPSession(page)
  await session.send('Network.enable')
  session.on('Network.loadingFinished', ({ encodedDataLength }) => sizes.push(encodedDataLength))
  // The worker's requests are its own session's: the context hears of both.
  context.on('requestfinished', async (request) => {
    const { pathname } = new URL(request.url())
    // What the service worker passes on is told of twice.
    if (!pathname.endsWith('.wasm') || request.serviceWorker() !== null) return
    const headers = await (await request.response()).allHeaders()
    binaries.push({
      encoding: headers['content-encoding'] ?? 'not compressed',
      bytes: Number(headers['content-length']),
    })
  })
  await page.addInitScript(askAtOnce, STROKES[0])
  // A visitor's window is open already.
  await untilQuiet(browser)
  await page.goto(host.url)
  const answered = await page.waitForFunction(() => globalThis.firstAnswer, undefined, { polling: 20 })
  const first = await answered.jsonValue()
  const later = await page.evaluate(answerTimes, { strokes: STROKES, count: LATER })
  await context.close()
  const transferred = [...sizes, ...binaries.map(({ bytes }) => bytes)].reduce((sum, bytes) => sum + bytes, 0)
  return { first, later, transferred, binaries }
}

/** Runs in the page before all else: draws as soon as there is a pad, and notes the time of its first answer. */
function askAtOnce(strokes) {
  addEventListener('DOMContentLoaded', () => {
    customElements.whenDefined('mnist-digit').then(() => {
      const pad = document.querySelector('#pad')
      const answered = () => {
        globalThis.firstAnswer = performance.now()
      }
      pad.addEventListener('prediction', answered, { once: true })
      pad.strokes = strokes
    })
  })
}

/** Runs in the page: milliseconds from a drawing to its answer, one after the other. */
async function answerTimes({ strokes, count }) {
  const pad = document.querySelector('#pad')
  const times = []
  for (let index = 0; index < count; index++) {
    const answered = new Promise((resolve) => pad.addEventListener('prediction', resolve, { once: true }))
    const start = performance.now()
    pad.strokes = strokes[index % strokes.length]
    await answered
    times.push(performance.now() - start)
    // The layers' panel works on what it was given, as it would between two drawings.
    await new Promise((resolve) => setTimeout(resolve, 30))
  }
  return times
}
