/** The recipes for bundlers, built and run in Chromium. Needs CHROMIUM, a browser's path. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Browser } from 'playwright-core'
import { build } from 'vite'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { ROOT } from '../support/commands.js'
import { CHROMIUM, openBrowser, ready, START, serve } from './support/chromium.js'
import { drawings } from './support/hands.js'

describe.runIf(CHROMIUM)('mnist-digit from npm (CHROMIUM)', () => {
  let browser: Browser
  let folder: string

  beforeAll(async () => {
    browser = await openBrowser()
    folder = await mkdtemp(join(tmpdir(), 'recipes '))
  }, START)

  afterAll(async () => {
    await browser?.close()
    await rm(folder, { recursive: true, force: true })
  })

  test('is bundled by Vite, and reads', async () => {
    const root = join(ROOT, 'test', 'browser', 'recipes', 'vite')
    await build({ root, logLevel: 'error', build: { outDir: folder, emptyOutDir: true, minify: false } })
    const host = await serve(folder)
    const page = await (await browser.newContext()).newPage()
    await page.goto(host.url)
    await ready(page)
    const seven = drawings().find(({ digit }) => digit === 7)?.strokes
    await page.evaluate((strokes) => Object.assign(document.querySelector('mnist-digit') as object, { strokes }), seven)
    await expect.poll(() => page.locator('mnist-digit span[part=digit]').textContent(), { timeout: 20_000 }).toBe('7')
    await page.close()
    await host.close()
  })
})
