/** The recipes for bundlers, built and run in Chromium. Needs CHROMIUM, a browser's path. */
import { cp, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Browser } from 'playwright-core'
import { build } from 'vite'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import webpack from 'webpack'
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

  test.each(['vite', 'webpack'] as const)('is bundled by %s, and reads', async (bundler) => {
    const out = join(folder, bundler)
    await BUILD[bundler](out)
    const host = await serve(out)
    const page = await (await browser.newContext()).newPage()
    await page.goto(host.url)
    await ready(page)
    const seven = drawings().find(({ digit }) => digit === 7)?.strokes
    await page.evaluate((strokes) => Object.assign(document.querySelector('mnist-digit') as object, { strokes }), seven)
    await expect.poll(() => page.locator('mnist-digit span[part=digit]').textContent(), { timeout: 20_000 }).toBe('7')
    await page.close()
    await host.close()
  })

  test.each(['react', 'vue'])('lives in a page of %s: tells it of digits, goes and comes back', async (framework) => {
    const out = join(folder, framework)
    await buildWithVite(join(RECIPES, framework), out)
    const host = await serve(out)
    const page = await (await browser.newContext()).newPage()
    await page.goto(host.url)
    for (let round = 0; round < 2; round++) {
      await ready(page)
      const seven = drawings().find(({ digit }) => digit === 7)?.strokes
      await page.evaluate(
        (strokes) => Object.assign(document.querySelector('mnist-digit') as object, { strokes }),
        seven,
      )
      await expect.poll(() => page.locator('output').textContent(), { timeout: 20_000 }).toBe('7')
      await page.locator('button', { hasText: 'Show or hide' }).click()
      await expect.poll(() => page.locator('mnist-digit').count()).toBe(0)
      await page.locator('button', { hasText: 'Show or hide' }).click()
    }
    await ready(page)
    expect(page.workers()).toHaveLength(1)
    await page.close()
    await host.close()
  })
})

const RECIPES = join(ROOT, 'test', 'browser', 'recipes')

const BUILD = {
  vite: (outDir: string): Promise<void> => buildWithVite(join(RECIPES, 'vite'), outDir),
  webpack: async (path: string): Promise<void> => {
    const root = join(RECIPES, 'webpack')
    const compiler = webpack({
      context: root,
      mode: 'development',
      devtool: false,
      entry: './main.js',
      output: { path },
    })
    await new Promise<void>((resolve, reject) =>
      compiler.run((error, stats) => {
        const problem = error ?? stats?.toJson({ all: false, errors: true }).errors?.[0]
        if (problem) reject(new Error(problem.message))
        else resolve()
      }),
    )
    await cp(join(root, 'index.html'), join(path, 'index.html'))
  },
} as const

async function buildWithVite(root: string, outDir: string): Promise<void> {
  await build({ root, logLevel: 'error', build: { outDir, emptyOutDir: true, minify: false } })
}
