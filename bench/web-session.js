// How the page feels while it trains: the delay of clicks, the frames that are late, and its memory over many epochs.
import { HEADERS } from '../packages/web/serve.js'
import { LIBRARY, openBrowser, openPage, SITE, serve, untilQuiet } from './web-host.js'

/** Most milliseconds that an input may wait for the page. */
const MOST_DELAY = 50

const STROKES = 15

/** Memory after the last epoch may be this much of that after the first fifth of them. */
const MOST_GROWTH = 1.1

/** Draws on the page while it trains; prints a line, and returns the figures. */
export async function benchInput() {
  const [browser, host] = [await openBrowser(), await serve(SITE, HEADERS)]
  try {
    const page = await (await browser.newContext({ viewport: { width: 1280, height: 900 } })).newPage()
    await page.addInitScript(observe)
    // A visitor's window is open already.
    await untilQuiet(browser)
    await page.goto(host.url)
    await page.waitForFunction(() => document.querySelector('#pad')?.reader !== undefined)
    await page.locator('#train-epochs').fill('100')
    await page.locator('#train-start').click()
    await page.waitForFunction(() => document.querySelector('#train-status').textContent.startsWith('Epoch'))
    await page.evaluate(() => scrollTo({ top: 0, behavior: 'instant' }))
    const box = await page.locator('#pad canvas[part=canvas]').boundingBox()
    await page.evaluate(() => globalThis.observed.begin())
    for (let stroke = 0; stroke < STROKES; stroke++) {
      const [x, y] = [box.x + box.width * (0.3 + (0.4 * stroke) / STROKES), box.y + box.height * 0.3]
      await page.mouse.move(x, y)
      await page.mouse.down()
      await page.mouse.move(x + 40, y + 160, { steps: 3 })
      await page.mouse.up()
    }
    const { delays, tasks, shift, speed } = await page.evaluate(() => globalThis.observed.end())
    const worst = Math.max(0, ...delays)
    console.log(
      `input while it trains (${speed}): worst delay of ${STROKES} strokes ${worst.toFixed(0)} ms (at most ${MOST_DELAY}), ` +
        `${tasks.length} tasks over 50 ms${tasks.length > 0 ? `, the longest ${Math.max(...tasks)} ms` : ''}, layout shift ${shift.toFixed(3)}`,
    )
    return { worst, tasks, shift, holds: worst <= MOST_DELAY && tasks.length === 0 && shift === 0 }
  } finally {
    await browser.close()
    await host.close()
  }
}

/** Runs in the page before all else. */
function observe() {
  const seen = { delays: [], tasks: [], shift: 0 }
  const clear = () => Object.assign(seen, { delays: [], tasks: [], shift: 0 })
  const each = (type, options, take) =>
    new PerformanceObserver((list) => {
      for (const entry of list.getEntries()) take(entry)
    }).observe({ type, ...options })
  // Those of less than 16 ms in all are not told of, and have waited less.
  each('event', { durationThreshold: 16 }, (entry) => seen.delays.push(entry.processingStart - entry.startTime))
  each('longtask', {}, ({ duration }) => seen.tasks.push(duration))
  each('layout-shift', {}, ({ value }) => {
    seen.shift += value
  })
  globalThis.observed = {
    begin: clear,
    end: () => ({
      ...seen,
      speed: /[\d,]+ digits a second/.exec(document.querySelector('#train-status').textContent)?.[0],
    }),
  }
}

/** Prints a line, and returns the page's memory in MB (with its workers and their WASM) at each fifth of the epochs. */
export async function benchMemory({ epochs, train }) {
  // Only an isolated page may ask for its memory.
  const [browser, host] = [await openBrowser(), await serve(LIBRARY, HEADERS)]
  try {
    const page = await openPage(browser, host, { headers: HEADERS })
    const memory = await page.evaluate(trainAndMeasure, { epochs, train })
    const growth = memory.at(-1) / memory[0]
    console.log(
      `memory: ${epochs} epochs of ${train.toLocaleString('en-US')} digits, MB at each fifth: ${memory.map((each) => each.toFixed(1)).join(', ')}: ` +
        `${growth.toFixed(2)} times (at most ${MOST_GROWTH})`,
    )
    return { memory, growth, holds: growth <= MOST_GROWTH }
  } finally {
    await browser.close()
    await host.close()
  }
}

/** Runs in the page. */
async function trainAndMeasure({ epochs, train }) {
  const lib = await import('./index.js')
  const model = new Uint8Array(await (await fetch('./models/lenet5.onnx')).arrayBuffer())
  const data = { kind: 'generated', train, test: 500 }
  const memory = []
  let measuring = Promise.resolve()
  const measure = async (training) => {
    await training.pause()
    // It waits for the next collection of garbage.
    const { bytes } = await performance.measureUserAgentSpecificMemory()
    memory.push(bytes / 1e6)
    await training.resume()
  }
  const training = lib.train(
    { model, data, epochs, batchSize: 64, learningRate: 3e-3, optimizer: 'adam', seed: 1 },
    (progress) => {
      if (progress.type === 'epoch' && progress.report.epoch % Math.ceil(epochs / 5) === 0) {
        measuring = measuring.then(() => measure(training))
      }
    },
  )
  await training.finished
  await measuring
  training.close()
  return memory
}
