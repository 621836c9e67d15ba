/** What a page may lack: each has a message in the element and an `error` event. Needs CHROMIUM, a browser's path. */
import type { Page } from 'playwright-core'
import { describe, expect, test } from 'vitest'
import { CHROMIUM, LIBRARY, openedForSuite, openPage, ready, serve } from './support/chromium.js'

interface Told {
  readonly problem: string
  readonly message: string
  readonly fatal: boolean
}

/** The page's first `error` event, once it came, and what the element shows of it. */
async function firstError(page: Page): Promise<Told & { readonly shown: string | undefined }> {
  const told = await page.waitForFunction(() => (globalThis as unknown as { told?: Told[] }).told?.[0], null, {
    timeout: 30_000,
  })
  const shown = await page.locator('mnist-digit p[part=status]').textContent()
  return { ...((await told.jsonValue()) as Told), shown: shown ?? undefined }
}

/** Keeps what the elements tell; added before the script, so that nothing is missed. */
const LISTENER =
  '<script>globalThis.told = []; document.querySelector("mnist-digit").addEventListener("error", (event) => told.push(event.detail))</script>'

describe.runIf(CHROMIUM)('what a page lacks (CHROMIUM)', () => {
  const opened = openedForSuite()

  async function withElement(attributes: string, headers: Record<string, string> = {}): Promise<Page> {
    return openPage(opened.browser, opened.host, {
      body: `<mnist-digit ${attributes}></mnist-digit>${LISTENER}`,
      headers,
    })
  }

  test('a model that is not there is told of, and can be tried again', async () => {
    const page = await withElement('model="./models/none.onnx"')
    const { shown, ...told } = await firstError(page)
    const message = `${opened.host.url}models/none.onnx: expected a file, found: HTTP 404: check the address`
    expect(told).toEqual({ problem: 'model-not-found', message, fatal: true })
    expect(shown).toBe(message)
    await page.evaluate(() => document.querySelector('mnist-digit')?.removeAttribute('model'))
    await ready(page)
    await page.close()
  })

  test.each([
    ['no model at all', Buffer.from('<!doctype html><title>Not found</title>'.repeat(50))],
    ['a model that is cut short', undefined],
  ])('%s is told of', async (_, bytes) => {
    const page = await (await opened.browser.newContext()).newPage()
    await page.route(`${opened.host.url}models/broken.onnx`, async (route) => {
      const whole = await (await fetch(`${opened.host.url}models/lenet5.onnx`)).arrayBuffer()
      return route.fulfill({ body: bytes ?? Buffer.from(whole).subarray(0, 100_000) })
    })
    await page.route(`${opened.host.url}page.html`, (route) =>
      route.fulfill({
        contentType: 'text/html',
        body: `<mnist-digit model="./models/broken.onnx"></mnist-digit>${LISTENER}<script type="module" src="./mnist-digit.js"></script>`,
      }),
    )
    await page.goto(`${opened.host.url}page.html`)
    const { shown, message, ...told } = await firstError(page)
    expect(told).toEqual({ problem: 'model-unreadable', fatal: true })
    expect(message).toContain('models/broken.onnx: expected')
    expect(shown).toBe(message)
    await page.close()
  })

  test('a policy that blocks WebAssembly is told of', async () => {
    const blocked = await serve(LIBRARY, { 'content-security-policy': "script-src 'self' 'unsafe-inline'" })
    const page = await openPage(opened.browser, blocked, { body: `<mnist-digit></mnist-digit>${LISTENER}` })
    const { shown, ...told } = await firstError(page)
    const message =
      "WebAssembly: expected that it may run, found it blocked: the page's Content-Security-Policy needs script-src 'wasm-unsafe-eval'."
    expect(told).toEqual({ problem: 'webassembly-blocked', message, fatal: true })
    expect(shown).toBe(message)
    await page.close()
    await blocked.close()
  })

  test('a policy that blocks workers is told of', async () => {
    const page = await withElement('', { 'content-security-policy': "worker-src 'none'" })
    const { problem, fatal, message } = await firstError(page)
    expect({ problem, fatal }).toEqual({ problem: 'worker-blocked', fatal: true })
    expect(message).toContain("The digit reader's worker: expected it to")
    await page.close()
  })

  test('threads on a page that is not isolated are told of, and one thread reads', async () => {
    const page = await withElement('threads="4"')
    const { shown, ...told } = await firstError(page)
    const message =
      'Threads: expected a page with COOP and COEP headers, found: this page is not cross-origin isolated. One thread does the work.'
    expect(told).toEqual({ problem: 'no-threads', message, fatal: false })
    expect(shown).toBe(message)
    await ready(page)
    await page.close()
  })

  test('WebGPU where there is none is told of, and WebAssembly reads', async () => {
    const page = await withElement('provider="webgpu"')
    const { problem, fatal, message } = await firstError(page)
    expect({ problem, fatal }).toEqual({ problem: 'no-webgpu', fatal: false })
    expect(message).toMatch(/^WebGPU: expected a graphics adapter, found: .+\. WebAssembly takes over\.$/)
    await ready(page)
    await page.close()
  })

  test('a picture that is none is told of, and the drawing goes on', async () => {
    const page = await withElement('')
    await ready(page)
    const file = { name: 'notes.txt', mimeType: 'text/plain', buffer: Buffer.from('seven') }
    await page.locator('mnist-digit input[type=file]').setInputFiles(file)
    const { shown, ...told } = await firstError(page)
    const message = 'notes.txt: expected a picture that this browser shows, found another kind of file (text/plain).'
    expect(told).toEqual({ problem: 'picture-unreadable', message, fatal: false })
    await page.close()
  })

  test('a line that is cut is told of; what was loaded before is read from the cache', async () => {
    const page = await withElement('')
    await ready(page)
    await page.route('**/*.onnx', (route) => route.abort())
    await page.route('**/*.wasm', (route) => route.abort())
    const reopened = await page.evaluate(async () => {
      const element = document.querySelector('mnist-digit') as HTMLElement
      const open = new Promise((resolve) => element.addEventListener('ready', () => resolve(true), { once: true }))
      element.remove()
      document.body.append(element)
      return open
    })
    expect(reopened).toBe(true)
    await page.evaluate(() => document.querySelector('mnist-digit')?.setAttribute('model', './models/other.onnx'))
    const { problem, fatal } = await firstError(page)
    expect({ problem, fatal }).toEqual({ problem: 'offline', fatal: true })
    await page.close()
  })
})
