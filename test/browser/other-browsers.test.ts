/** The page in Firefox and in WebKit: drawn on, read, taught. Needs FIREFOX, the browser's path, or WEBKIT_DRIVER, that of WebKitWebDriver. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { HEADERS } from '../../packages/web/serve.js'
import { type Host, SITE, START, serve } from './support/chromium.js'
import type { DrawnPage } from './support/drawn-page.js'
import { FIREFOX, openFirefox } from './support/firefox.js'
import { openWebKit, WEBKIT_DRIVER } from './support/webkit.js'

/** A seven, in a pad of side 1. */
const SEVEN = [
  [0.3, 0.25],
  [0.5, 0.24],
  [0.7, 0.25],
  [0.6, 0.5],
  [0.45, 0.8],
] as const

/** An expression that waits until `condition` holds in the page, and then is `value`. */
function once(condition: string, value = 'true'): string {
  return `new Promise((resolve, reject) => {
    const end = performance.now() + 60_000
    const look = () => {
      if (${condition}) resolve(${value})
      else if (performance.now() > end) reject(new Error(${JSON.stringify(`never: ${condition}`)}))
      else setTimeout(look, 30)
    }
    look()
  })`
}

describe.each([
  { name: 'Firefox (FIREFOX)', has: FIREFOX, open: openFirefox },
  { name: 'WebKit (WEBKIT_DRIVER)', has: WEBKIT_DRIVER, open: openWebKit },
])('the page in $name', ({ has, open }) => {
  describe.runIf(has)('as it comes', () => {
    let host: Host
    let page: DrawnPage

    beforeAll(async () => {
      host = await serve(SITE, HEADERS)
      page = await open()
      await page.goto(host.url)
      await page.evaluate(once('document.querySelector("#pad")?.reader !== undefined'))
    }, START)

    afterAll(async () => {
      await page?.close()
      await host?.close()
    })

    async function draw(selector: string): Promise<void> {
      const box = await page.evaluate<{ x: number; y: number; width: number }>(`(() => {
        const pad = document.querySelector(${JSON.stringify(selector)})
        pad.scrollIntoView({ block: 'center', behavior: 'instant' })
        const { x, y, width } = pad.shadowRoot.querySelector('canvas[part=canvas]').getBoundingClientRect()
        return { x, y, width }
      })()`)
      await page.draw(SEVEN.map(([x, y]) => [box.x + x * box.width, box.y + y * box.width]))
    }

    test('reads what the mouse draws, and shows what the layers make of it', async () => {
      await draw('#pad')
      expect(
        await page.evaluate(
          once('document.querySelector("#pad").value !== ""', 'document.querySelector("#pad").value'),
        ),
      ).toBe('7')
      await page.evaluate(once('document.querySelectorAll(".layer canvas").length > 20'))
      expect(await page.evaluate('document.querySelector("#runtime").textContent')).toMatch(/^WebAssembly, /)
    })

    test('is taught a hand, and keeps what it learned', async () => {
      await page.evaluate(once('document.querySelector("#teach-pad").reader !== undefined'))
      await draw('#teach-pad')
      await page.evaluate(once('document.querySelector("#teach-pad").reading?.seen'))
      await page.evaluate('document.querySelectorAll("#teach-labels button")[1].click()')
      await page.evaluate('document.querySelector("#teach-start").click()')
      const status = 'document.querySelector("#teach-status").textContent'
      expect(await page.evaluate(once(`${status}.startsWith("Your examples")`, status))).toMatch(
        /^Your examples: 0 of 1 read right before, 1 now\. Other digits: \d+\.\d % before, \d+\.\d % now\.$/,
      )
    })
  })
})
