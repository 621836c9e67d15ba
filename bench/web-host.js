// A real Chromium and a plain static host for `bench web`: a page of ours that is not cross-origin isolated, so that one thread computes.
import { existsSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { chromium } from 'playwright-core'
import { startStaticServer } from '../packages/web/serve.js'

export const SITE = fileURLToPath(new URL('../packages/web/dist/site', import.meta.url))
/** The library as the page has it: with all models beside it, not its default alone. */
export const LIBRARY = join(SITE, 'mnist-digit')

/** It calls no home of its own, runs as root in a container, and tells how much memory a page has. */
const FLAGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--enable-precise-memory-info',
]

function chromiumPath() {
  const { CHROMIUM, PATH = '' } = process.env
  const places = PATH.split(delimiter).flatMap((folder) =>
    ['chromium', 'chromium-browser', 'google-chrome'].map((name) => join(folder, name)),
  )
  const path = CHROMIUM ?? places.find((place) => existsSync(place))
  if (path === undefined) throw new Error('bench web: expected a Chromium, found none: set CHROMIUM to its path')
  return path
}

/** @returns a browser of its own; close it. */
export function openBrowser() {
  return chromium.launch({ executablePath: chromiumPath(), args: FLAGS })
}

/** Ms of a look at the browser's processes, and the most of the processor's time that they take while they are quiet, in seconds. */
const [LOOK, QUIET] = [500, 0.02]

/** Waits until the browser has done what a new window costs it: the pages of its own address bar and tabs take a second of two cores. */
export async function untilQuiet(browser) {
  const session = await browser.newBrowserCDPSession()
  const used = async () => {
    const { processInfo } = await session.send('SystemInfo.getProcessInfo')
    return processInfo.reduce((sum, { cpuTime }) => sum + cpuTime, 0)
  }
  for (let last = Number.NEGATIVE_INFINITY, now = await used(); now - last > QUIET; ) {
    await new Promise((resolve) => setTimeout(resolve, LOOK))
    last = now
    now = await used()
  }
  await session.detach()
}

/** Serves `root` as the plainest of hosts does; `headers` go with every answer. */
export function serve(root, headers = {}) {
  return startStaticServer(root, headers)
}

/** A page beside the built library, with `body` in it and `files` (path → bytes) beside it; `headers` go with these. */
export async function openPage(browser, host, { body = '', files = {}, headers = {} } = {}) {
  const page = await (await browser.newContext()).newPage()
  page.on('pageerror', (error) => console.error(`in the page: ${error.message}`))
  const html = `<!doctype html><html lang="en"><title>Bench</title><body>${body}</body></html>`
  const served = { 'bench.html': html, ...files }
  for (const [path, content] of Object.entries(served)) {
    const contentType = TYPES.find(([suffix]) => path.endsWith(suffix))?.[1] ?? 'application/octet-stream'
    await page.route(`${host.url}${path}`, (route) =>
      route.fulfill({
        headers: { ...headers, 'content-type': contentType },
        body: typeof content === 'string' ? content : Buffer.from(content),
      }),
    )
  }
  await page.goto(`${host.url}bench.html`)
  return page
}

const TYPES = [
  ['.html', 'text/html; charset=utf-8'],
  ['.js', 'text/javascript'],
  ['.wasm', 'application/wasm'],
]
