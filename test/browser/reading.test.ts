/** The built element on a plain static page, in Chromium. Needs CHROMIUM, a browser's path. */
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { AxeBuilder } from '@axe-core/playwright'
import { DEFAULT_MODEL } from 'mnist-infer'
import type { Page } from 'playwright-core'
import { beforeAll, describe, expect, test } from 'vitest'
import { ROOT } from '../support/commands.js'
import { CHROMIUM, LIBRARY, openedForSuite, openPage, ready, START, serve } from './support/chromium.js'
import { drawings } from './support/hands.js'
import { apart, logitsInNode, testImages } from './support/node-reading.js'

const PICTURES = 1000

describe.runIf(CHROMIUM)('<mnist-digit> on a plain static page (CHROMIUM)', () => {
  const opened = openedForSuite()
  let page: Page

  beforeAll(async () => {
    page = await openPage(opened.browser, opened.host, {
      body: '<form><label>Digit <mnist-digit name="digit" required></mnist-digit></label></form>',
    })
    await ready(page)
  }, START)

  test('reads the strokes of ten hands right, 95 in 100 at least', async () => {
    const read = await page.evaluate(async (all) => {
      const element = document.querySelector('mnist-digit') as MnistDigit
      const answers: (number | null)[] = []
      for (const { strokes } of all) {
        const answered = new Promise<CustomEvent>((resolve) =>
          element.addEventListener('prediction', (event) => resolve(event as CustomEvent), { once: true }),
        )
        element.strokes = strokes
        answers.push((await answered).detail.digit)
      }
      element.clear()
      return answers
    }, drawings())
    const wrong = drawings().filter(({ digit }, index) => read[index] !== digit)
    expect(read).toHaveLength(100)
    expect(wrong.map(({ digit, hand }) => `${digit} of hand ${hand}`).slice(5)).toEqual([])
  })

  test('has the logits that Node has, to 1e-4', async () => {
    const images = await testImages(PICTURES)
    const inPage = await page.evaluate(async (text) => {
      const { reader } = document.querySelector('mnist-digit') as MnistDigit
      const bytes = Uint8Array.from(atob(text), (character) => character.charCodeAt(0))
      return Array.from(await reader.logits(bytes))
    }, Buffer.from(images).toString('base64'))
    const expected = await logitsInNode(await readFile(join(LIBRARY, 'models', `${DEFAULT_MODEL}.onnx`)), images)
    expect(inPage).toHaveLength(PICTURES * 10)
    expect(apart(inPage, expected)).toBeLessThan(1e-4)
  })

  test('is drawn on with a pointer, without a long task and without scrolling', async () => {
    await page.evaluate(() => {
      const tasks: number[] = []
      Object.assign(globalThis, { tasks })
      new PerformanceObserver((list) => tasks.push(...list.getEntries().map(({ duration }) => duration))).observe({
        entryTypes: ['longtask'],
      })
    })
    const box = await page.locator('mnist-digit canvas[part=canvas]').boundingBox()
    if (box === null) throw new Error('the pad has no place')
    const to = (x: number, y: number) => page.mouse.move(box.x + x * box.width, box.y + y * box.height, { steps: 8 })
    // A busy machine takes the processor away from a task now and then; from the same one three times it does not.
    const counts: number[] = []
    for (let attempt = 0; attempt < 3; attempt++) {
      await page.evaluate(() => {
        ;(globalThis as unknown as { tasks: number[] }).tasks.length = 0
        ;(document.querySelector('mnist-digit') as MnistDigit).clear()
      })
      await to(0.5, 0.15)
      await page.mouse.down()
      await to(0.5, 0.85)
      await page.mouse.up()
      await page.waitForFunction(() => (document.querySelector('mnist-digit') as MnistDigit).value === '1')
      counts.push(await page.evaluate(() => (globalThis as unknown as { tasks: number[] }).tasks.length))
    }
    expect(Math.min(...counts)).toBe(0)
    const pad = page.locator('mnist-digit canvas[part=canvas]')
    expect(await pad.evaluate((canvas) => getComputedStyle(canvas).touchAction)).toBe('none')
  })

  test('is a control of its form: value, required, reset', async () => {
    const form = () =>
      page.evaluate(() => {
        const form = document.querySelector('form') as HTMLFormElement
        return { digit: new FormData(form).get('digit'), valid: form.checkValidity() }
      })
    expect(await form()).toEqual({ digit: '1', valid: true })
    await page.evaluate(() => document.querySelector('form')?.reset())
    expect(await form()).toEqual({ digit: null, valid: false })
  })

  test('is drawn on by keyboard alone, and the answer is announced', async () => {
    await page.locator('mnist-digit canvas[part=canvas]').focus()
    await page.keyboard.press('Space')
    for (let step = 0; step < 12; step++) await page.keyboard.press('ArrowDown')
    await page.keyboard.press('Space')
    await page.waitForFunction(() => (document.querySelector('mnist-digit') as MnistDigit).value !== '')
    await expect.poll(() => page.locator('mnist-digit [role=status]').textContent()).toMatch(/^1, \d+(\.\d)? % sure/)
    await page.keyboard.press('Backspace')
    expect(await page.evaluate(() => (document.querySelector('mnist-digit') as MnistDigit).value)).toBe('')
  })

  test.each(['drop', 'paste', 'choose'])('reads a picture that is given by %s', async (way) => {
    const svg =
      '<svg xmlns="http://www.w3.org/2000/svg" width="200" height="200"><rect width="200" height="200" fill="#fff"/><path d="M60 40H140L90 165" fill="none" stroke="#111" stroke-width="13"/></svg>'
    const answer = page.evaluate(
      () =>
        new Promise<number>((resolve) => {
          const element = document.querySelector('mnist-digit') as MnistDigit
          element.addEventListener('prediction', (event) => resolve((event as CustomEvent).detail.digit), {
            once: true,
          })
        }),
    )
    if (way === 'choose') {
      const buffer = Buffer.from(svg)
      await page
        .locator('mnist-digit input[type=file]')
        .setInputFiles({ name: '7.svg', mimeType: 'image/svg+xml', buffer })
    } else {
      await page.evaluate(
        ({ svg, way }) => {
          const data = new DataTransfer()
          data.items.add(new File([svg], '7.svg', { type: 'image/svg+xml' }))
          const element = document.querySelector('mnist-digit') as MnistDigit
          const pad = element.shadowRoot?.querySelector('.pad') as HTMLElement
          const options = { bubbles: true, composed: true, cancelable: true }
          if (way === 'drop') pad.dispatchEvent(new DragEvent('drop', { ...options, dataTransfer: data }))
          else element.dispatchEvent(new ClipboardEvent('paste', { ...options, clipboardData: data }))
        },
        { svg, way },
      )
    }
    expect(await answer).toBe(7)
  })

  test('has nothing that axe objects to, light or dark', async () => {
    for (const colorScheme of ['light', 'dark'] as const) {
      await page.emulateMedia({ colorScheme })
      const { violations } = await new AxeBuilder({ page: page as never }).analyze()
      expect(violations.map(({ id, nodes }) => `${id}: ${nodes[0]?.html}`)).toEqual([])
    }
  })

  test('shares one runtime with a second element, and survives removal', async () => {
    const requests: string[] = []
    const other = await openPage(opened.browser, opened.host, {
      body: '<mnist-digit id="a"></mnist-digit><mnist-digit id="b"></mnist-digit>',
    })
    other.on('request', (request) => requests.push(request.url()))
    await ready(other, '#a')
    await ready(other, '#b')
    await other.evaluate(() => {
      const [a, b] = document.querySelectorAll('mnist-digit')
      a?.remove()
      b?.remove()
      document.body.append(a as Element)
    })
    await ready(other, '#a')
    expect(other.workers()).toHaveLength(1)
    expect(requests.filter((url) => url.endsWith('.wasm')).length).toBeLessThanOrEqual(1)
    await other.close()
  })

  test('works in an iframe', async () => {
    const other = await (await opened.browser.newContext()).newPage()
    const pages = {
      'outer.html': '<iframe title="frame" src="./inner.html"></iframe>',
      'inner.html': '<mnist-digit></mnist-digit><script type="module" src="./mnist-digit.js"></script>',
    }
    for (const [name, body] of Object.entries(pages)) {
      await other.route(`${opened.host.url}${name}`, (route) => route.fulfill({ contentType: 'text/html', body }))
    }
    await other.goto(`${opened.host.url}outer.html`)
    await expect
      .poll(() => other.frames()[1]?.locator('mnist-digit p[part=status]').textContent(), { timeout: 30_000 })
      .toMatch(/^WebAssembly/)
    await other.close()
  })

  test('reads without an element, by an import that defines none', async () => {
    const other = await openPage(opened.browser, opened.host, { body: '', script: false })
    const strokes = JSON.stringify(drawings().find(({ digit }) => digit === 7)?.strokes)
    // A text, so that the test's own bundler leaves the import alone.
    const digit = await other.evaluate(
      `import('./index.js').then(({ classify, strokesPicture }) => classify(strokesPicture(${strokes}))).then(({ digit }) => digit)`,
    )
    expect(digit).toBe(7)
    expect(await other.evaluate(() => customElements.get('mnist-digit') === undefined)).toBe(true)
    await other.close()
  })

  test('comes by one script tag from another host', async () => {
    const [library, plain] = [
      await serve(LIBRARY, { 'access-control-allow-origin': '*' }),
      await serve(join(ROOT, 'test', 'browser', 'recipes', 'script-tag')),
    ]
    const other = await (await opened.browser.newContext()).newPage()
    await other.goto(`${plain.url}?from=${encodeURIComponent(library.url)}`)
    await ready(other)
    await other.close()
    await library.close()
    await plain.close()
  })

  test('weighs 40 KB at most in gzip, beside the runtime', async () => {
    const files = ['mnist-digit.js', 'element.js', 'worker.js']
    const sizes = await Promise.all(files.map(async (file) => gzipSync(await readFile(join(LIBRARY, file))).length))
    expect(sizes.reduce((sum, size) => sum + size)).toBeLessThan(40_000)
  })
})

interface MnistDigit extends HTMLElement {
  strokes: unknown
  readonly value: string
  readonly reader: { logits(images: Uint8Array): Promise<Float32Array> }
  clear(): void
}
