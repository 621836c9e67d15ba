/** WebKitGTK's own small browser by WebKitWebDriver (W3C WebDriver over HTTP), on a screen that is only in memory (Xvfb). */
import { type ChildProcess, spawn } from 'node:child_process'
import { createServer } from 'node:net'
import { type DrawnPage, drawingActions } from './drawn-page.js'

/** Path of WebKitWebDriver; the tests that need one are left out where it is not said. Xvfb must be on the PATH. */
export const WEBKIT_DRIVER = process.env.WEBKIT_DRIVER

/** Where Debian has the browser that belongs to it. */
const BROWSER = '/usr/lib/x86_64-linux-gnu/webkit2gtk-4.1/MiniBrowser'

export async function openWebKit(): Promise<DrawnPage> {
  const screen = spawn('Xvfb', ['-displayfd', '3', '-screen', '0', '1280x1024x24', '-nolisten', 'tcp'], {
    stdio: ['ignore', 'ignore', 'ignore', 'pipe'],
  })
  const display = await firstLine(screen)
  const port = await freePort()
  const driver = spawn(WEBKIT_DRIVER as string, [`--port=${port}`], {
    stdio: 'ignore',
    env: { ...process.env, DISPLAY: `:${display}`, LIBGL_ALWAYS_SOFTWARE: '1' },
  })
  const send = <T>(method: string, path: string, body?: unknown): Promise<T> =>
    request(`http://127.0.0.1:${port}${path}`, method, body)
  await started(() => send('GET', '/status'))
  const alwaysMatch = { 'webkitgtk:browserOptions': { binary: BROWSER, args: ['--automation'] } }
  const { sessionId } = await send<{ sessionId: string }>('POST', '/session', { capabilities: { alwaysMatch } })
  const session = `/session/${sessionId}`
  await send('POST', `${session}/timeouts`, { script: 120_000 })
  return {
    goto: (url) => send('POST', `${session}/url`, { url }),
    async evaluate<T>(expression: string) {
      const script = `const done = arguments[arguments.length - 1]
        ;(async () => JSON.stringify({ value: (await (${expression})) ?? null }))().catch((error) => JSON.stringify({ error: String(error) })).then(done)`
      const { value, error } = JSON.parse(await send('POST', `${session}/execute/async`, { script, args: [] }))
      if (error !== undefined) throw new Error(`in the page: ${error}`)
      return value as T
    },
    draw: (points) => send('POST', `${session}/actions`, { actions: drawingActions(points) }),
    async close() {
      await send('DELETE', session)
      await Promise.all([driver, screen].map(ended))
    },
  }
}

async function request<T>(url: string, method: string, body: unknown): Promise<T> {
  const response = await fetch(url, { method, ...(body === undefined ? {} : { body: JSON.stringify(body) }) })
  const { value } = (await response.json()) as { value: T & { error?: string; message?: string } }
  if (!response.ok) throw new Error(`${url}: ${value.error}: ${value.message}`)
  return value
}

/** Asks until there is an answer. */
async function started(ask: () => Promise<unknown>): Promise<void> {
  const end = Date.now() + 30_000
  for (;;) {
    try {
      await ask()
      return
    } catch (error) {
      if (Date.now() > end) throw error
      await new Promise((resolve) => setTimeout(resolve, 50))
    }
  }
}

function firstLine(screen: ChildProcess): Promise<string> {
  return new Promise((resolve, reject) => {
    screen.once('error', reject)
    screen.once('exit', (code) => reject(new Error(`Xvfb: expected it to start, found: it ended with ${code}`)))
    screen.stdio[3]?.once('data', (data: Buffer) => resolve(data.toString().trim()))
  })
}

function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address() as { port: number }
      server.close(() => resolve(port))
    })
  })
}

function ended(child: ChildProcess): Promise<unknown> {
  return new Promise((resolve) => {
    child.once('exit', resolve)
    child.kill()
  })
}
