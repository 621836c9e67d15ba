/** A real browser and a plain static host, for tests. */
import { join } from 'node:path'
import { type Browser, chromium, type Page } from 'playwright-core'
import { afterAll, beforeAll } from 'vitest'
import { startStaticServer } from '../../../packages/web/serve.js'
import { ROOT } from '../../support/commands.js'

/** Path of the browser; the tests that need one are left out where it is not said. */
export const CHROMIUM = process.env.CHROMIUM

export const SITE = join(ROOT, 'packages', 'web', 'dist', 'site')
/** The library as the page has it: with all models beside it, not its default alone. */
export const LIBRARY = join(SITE, 'mnist-digit')

/** It calls no home of its own, and runs as root in a container. */
const FLAGS = [
  '--no-sandbox',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
]

export function openBrowser(flags: readonly string[] = []): Promise<Browser> {
  return chromium.launch({
    executablePath: CHROMIUM as string,
    args: flags.length === 0 ? [...FLAGS, '--disable-gpu'] : [...FLAGS, ...flags],
  })
}

/** Milliseconds that a start may take on a machine that is busy with other tests. */
export const START = 120_000

export interface Host {
  /** Ends in a slash. */
  readonly url: string
  close(): Promise<void>
}

/** Serves a folder; without headers as the plainest of hosts does. */
export function serve(root: string, headers: Record<string, string> = {}): Promise<Host> {
  return startStaticServer(root, headers)
}

/** A browser with the flags, and a host of the library, for all tests of the suite that this is called in. */
export function openedForSuite(flags: readonly string[] = []): { readonly browser: Browser; readonly host: Host } {
  const opened = {} as { browser: Browser; host: Host }
  beforeAll(async () => {
    opened.browser = await openBrowser(flags)
    opened.host = await serve(LIBRARY)
  }, START)
  afterAll(async () => {
    await opened.browser?.close()
    await opened.host?.close()
  })
  return opened
}

/** A page of the host's that holds `body` and the script tag; `headers` go with the page alone. */
export async function openPage(
  browser: Browser,
  host: Host,
  { body, script = true, headers = {} }: { body: string; script?: boolean; headers?: Record<string, string> },
): Promise<Page> {
  const page = await (await browser.newContext()).newPage()
  const tag = script ? '<script type="module" src="./mnist-digit.js"></script>' : ''
  const html = `<!doctype html><html lang="en"><title>Test</title><body><main><h1>Test</h1>${body}</main>${tag}</body></html>`
  await page.route(`${host.url}test.html`, (route) =>
    route.fulfill({ contentType: 'text/html; charset=utf-8', headers, body: html }),
  )
  await page.goto(`${host.url}test.html`)
  return page
}

/** Waits for the element's `ready`, whether it was or is to come. */
export async function ready(page: Page, selector = 'mnist-digit'): Promise<void> {
  await page.waitForFunction(
    (wanted) => (document.querySelector(wanted) as { reader?: unknown } | null)?.reader !== undefined,
    selector,
    { timeout: 60_000 },
  )
}
