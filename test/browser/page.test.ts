/** The built page, in Chromium. Needs CHROMIUM, a browser's path. */
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { AxeBuilder } from '@axe-core/playwright'
import { decodeModel } from 'mnist-export'
import { DEFAULT_MODEL } from 'mnist-infer'
import { encodeIdx, generateDigits } from 'mnist-infer/mnist'
import type { Browser, BrowserContext, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { HEADERS } from '../../packages/web/serve.js'
import { CHROMIUM, type Host, openBrowser, ready, SITE, START, serve } from './support/chromium.js'
import { drawings } from './support/hands.js'

const SEVEN = drawings().find(({ digit }) => digit === 7)?.strokes

describe.runIf(CHROMIUM)('the page (CHROMIUM)', () => {
  let browser: Browser
  let host: Host
  let context: BrowserContext
  let page: Page
  const requested: string[] = []
  const complaints: string[] = []

  beforeAll(async () => {
    browser = await openBrowser()
    host = await serve(SITE, HEADERS)
    context = await browser.newContext({ viewport: { width: 1280, height: 900 } })
    page = await context.newPage()
    page.on('request', (request) => requested.push(request.url()))
    page.on('console', (message) => {
      if (message.type() === 'error' || message.type() === 'warning') complaints.push(message.text())
    })
    page.on('pageerror', (error) => complaints.push(error.message))
    await page.addInitScript(() => {
      const shifts: number[] = []
      Object.assign(globalThis, { shifts })
      new PerformanceObserver((list) => {
        for (const entry of list.getEntries()) shifts.push((entry as unknown as { value: number }).value)
      }).observe({ type: 'layout-shift', buffered: true })
    })
    await page.goto(host.url)
    await ready(page, '#pad')
  }, START)

  afterAll(async () => {
    await browser?.close()
    await host?.close()
  })

  test('reads a drawing, and shows what each layer makes of it', async () => {
    await page.evaluate((strokes) => Object.assign(document.querySelector('#pad') as object, { strokes }), SEVEN)
    await expect.poll(() => page.locator('#pad span[part=digit]').textContent(), { timeout: 20_000 }).toBe('7')
    await expect
      .poll(() => page.locator('.layer strong').allTextContents(), { timeout: 20_000 })
      .toEqual(['conv1', 'pool1', 'conv2', 'pool2', 'fc1', 'fc2'])
    expect(await page.locator('.layer').first().locator('canvas').count()).toBe(6)
  })

  test('shows another network’s layers in the place of these', async () => {
    const layers = () => page.locator('.layer strong').allTextContents()
    await page.locator('input[value="lenet5-04"]').check()
    await expect.poll(layers, { timeout: 20_000 }).toEqual(['conv1', 'pool1'])
    await page.locator(`input[value="${DEFAULT_MODEL}"]`).check()
    await expect.poll(layers, { timeout: 20_000 }).toEqual(['conv1', 'pool1', 'conv2', 'pool2', 'fc1', 'fc2'])
  })

  test('offers the networks that it was built with, with the figures of their own files', async () => {
    const models = JSON.parse(await readFile(join(SITE, 'mnist-digit', 'models', 'models.json'), 'utf8')) as {
      name: string
      accuracy: number
    }[]
    const names = await page.locator('.network .name').allTextContents()
    expect(names).toEqual(models.map(({ name }) => name))
    expect(await page.locator('.network .accuracy').first().textContent()).toBe(
      `${((models[0]?.accuracy ?? 0) * 100).toFixed(2)} %`,
    )
  })

  test('reads a small network with one thread and says why, a large one with threads, since its host isolates it', async () => {
    const runtime = page.locator('#runtime')
    expect(await page.evaluate(() => crossOriginIsolated)).toBe(true)
    expect(await runtime.textContent()).toBe('WebAssembly, 1 thread (the network is small)')
    await page.locator('input[value="resnet18"]').check()
    await expect.poll(() => runtime.textContent(), { timeout: 20_000 }).toMatch(/^WebAssembly, [2-4] threads$/)
    await expect.poll(() => page.locator('#pad span[part=digit]').textContent(), { timeout: 20_000 }).toBe('7')
    await page.locator(`input[value="${DEFAULT_MODEL}"]`).check()
    await expect.poll(() => runtime.textContent(), { timeout: 20_000 }).toMatch(/^WebAssembly, 1 thread /)
  })

  test('moves nothing once it is shown', async () => {
    const shifts = await page.evaluate(() => (globalThis as unknown as { shifts: number[] }).shifts)
    expect(shifts.reduce((sum, shift) => sum + shift, 0)).toBeLessThan(0.1)
  })

  test.each([
    ['light', 1280],
    ['dark', 390],
  ] as const)(
    'has nothing that axe objects to: %s, %i pixels wide, and nothing to scroll aside',
    async (colorScheme, width) => {
      await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' })
      await page.setViewportSize({ width, height: 900 })
      const { violations } = await new AxeBuilder({ page: page as never }).analyze()
      expect(violations.map(({ id, nodes }) => `${id}: ${nodes[0]?.html}`)).toEqual([])
      expect(await page.evaluate(() => document.documentElement.scrollWidth - innerWidth)).toBeLessThanOrEqual(0)
    },
  )

  test('keeps a taught network in the browser, and says so next time', async () => {
    await page.setViewportSize({ width: 1280, height: 900 })
    for (let count = 0; count < 2; count++) {
      await page.evaluate(
        (strokes) => Object.assign(document.querySelector('#teach-pad') as object, { strokes }),
        SEVEN,
      )
      await expect
        .poll(() => page.locator('#teach-pad span[part=digit]').textContent(), { timeout: 20_000 })
        .not.toBe('')
      await page.locator('#teach-labels button').nth(1).click()
    }
    expect(await page.locator('#teach-examples li').count()).toBe(2)
    await page.locator('#teach-start').click()
    await expect
      .poll(() => page.locator('#teach-status').textContent(), { timeout: 60_000 })
      .toMatch(/^Your examples: 0 of 2 read right before, 2 now\. Other digits: /)
    await page.reload()
    await expect
      .poll(() => page.locator('#teach-status').textContent(), { timeout: 30_000 })
      .toBe(`Your ${DEFAULT_MODEL} of last time, taught with 2 examples.`)
  })

  test('trains on IDX files that are dropped on it, and gives the model as a file', async () => {
    const parts = [
      ['train', 300, 1],
      ['t10k', 100, 2],
    ] as const
    const files = parts.flatMap(([name, count, seed]) => {
      const { images, labels } = generateDigits({ count, seed })
      return [
        [
          `${name}-images-idx3-ubyte.gz`,
          gzipSync(encodeIdx({ shape: [count, 28, 28], data: images })).toString('base64'),
        ],
        [`${name}-labels-idx1-ubyte`, Buffer.from(encodeIdx({ shape: [count], data: labels })).toString('base64')],
      ] as const
    })
    await page.evaluate((all) => {
      const dataTransfer = new DataTransfer()
      for (const [name, text] of all) {
        const bytes = Uint8Array.from(atob(text), (character) => character.charCodeAt(0))
        dataTransfer.items.add(new File([bytes], name))
      }
      document.querySelector('#train-panel')?.dispatchEvent(new DragEvent('drop', { dataTransfer, cancelable: true }))
    }, files)
    await expect.poll(() => page.locator('#train-status').textContent()).toBe('Read 300 training and 100 test digits.')
    await page.locator('#train-epochs').fill('2')
    await page.locator('#train-start').click()
    await expect
      .poll(() => page.locator('#train-status').textContent(), { timeout: 60_000 })
      .toMatch(/^Done after 2 epochs: \d+\.\d % of the test digits are read right; /)
    const [download] = await Promise.all([page.waitForEvent('download'), page.locator('#train-save').click()])
    expect(download.suggestedFilename()).toBe(`${DEFAULT_MODEL}-trained.onnx`)
    const { metadata } = decodeModel(await readFile(await download.path()), 'the download')
    expect(metadata['mnist.dataset']).toBe("the visitor's own IDX files")
  })

  test('says where the browser keeps nothing, and reads all the same', async () => {
    const other = await (await browser.newContext()).newPage()
    await other.addInitScript(() => {
      const told: unknown[] = []
      Object.assign(globalThis, { told })
      addEventListener('error', (event) => told.push((event as CustomEvent).detail), { capture: true })
      Object.defineProperty(globalThis, 'indexedDB', {
        get() {
          throw new DOMException('it is forbidden', 'SecurityError')
        },
      })
    })
    await other.goto(host.url)
    await ready(other, '#teach-pad')
    const message =
      'Storage: expected to keep what is taught in this browser, found: it is forbidden: download it instead.'
    expect(await other.locator('#teach-status').textContent()).toBe(message)
    const told = await other.evaluate(() => (globalThis as unknown as { told: unknown[] }).told)
    expect(told).toEqual([{ problem: 'no-storage', message, fatal: false }])
    await other.close()
  })

  test('works without a line once it was loaded, the first time already', async () => {
    const visit = await browser.newContext()
    const visited = await visit.newPage()
    await visited.goto(host.url)
    await ready(visited, '#pad')
    await visited.evaluate(() => navigator.serviceWorker.ready)
    const kept = () =>
      visited.evaluate(async () => {
        const names = await caches.keys()
        const requests = await Promise.all(names.map(async (name) => (await caches.open(name)).keys()))
        return requests.flat().map(({ url }) => url.split('/').at(-1))
      })
    await expect
      .poll(kept, { timeout: 20_000 })
      .toEqual(
        expect.arrayContaining(['index.html', 'worker.js', `${DEFAULT_MODEL}.onnx`, 'ort-wasm-simd-threaded.wasm']),
      )
    await visit.setOffline(true)
    await visited.reload()
    await ready(visited, '#pad')
    await visited.evaluate((strokes) => Object.assign(document.querySelector('#pad') as object, { strokes }), SEVEN)
    await expect.poll(() => visited.locator('#pad span[part=digit]').textContent(), { timeout: 20_000 }).toBe('7')
    await visit.close()
  })

  test('asks no other host for anything, and breaks none of its own rules', () => {
    expect(
      requested.filter((url) => !url.startsWith(host.url) && !url.startsWith('blob:') && !url.startsWith('data:')),
    ).toEqual([])
    expect(complaints).toEqual([])
  })
})
