import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { chromium, type Page } from 'playwright-core'

const require = createRequire(import.meta.url)
const AXE = readFileSync(require.resolve('axe-core/axe.min.js'), 'utf8')

interface Look {
  readonly scheme?: 'light' | 'dark'
  /** The width of the window, in CSS pixels. */
  readonly width?: number
  readonly login?: { readonly username: string; readonly password: string }
  readonly script?: 'on' | 'off'
}

/** Debian's Chromium without a window. `open` shows a page. `screenshot` draws only with `CURFEW_SCREENSHOTS=FOLDER`. */
export const startBrowser = async () => {
  const browser = await chromium.launch({
    executablePath: '/usr/bin/chromium',
    // Chromium refuses its sandbox to root.
    args: process.getuid?.() === 0 ? ['--no-sandbox'] : [],
  })
  const folder = process.env.CURFEW_SCREENSHOTS
  return {
    async open(url: string, { scheme = 'light', width = 800, login, script = 'off' }: Look = {}) {
      const context = await browser.newContext({
        colorScheme: scheme,
        viewport: { width, height: 900 },
        javaScriptEnabled: script === 'on',
        ignoreHTTPSErrors: true,
        ...(login === undefined ? {} : { httpCredentials: login }),
      })
      const page = await context.newPage()
      const complaints: string[] = []
      page.on('console', (message) => complaints.push(message.text()))
      page.on('pageerror', (error) => complaints.push(String(error)))
      const requests: string[] = []
      page.on('request', (request) => requests.push(request.url()))
      const response = await page.goto(url)
      return {
        page,
        status: response?.status(),
        /** What the browser wrote to its console, such as violations of the content security policy. */
        complaints,
        requests,
        async screenshot(name: string) {
          if (folder !== undefined) await page.screenshot({ path: join(folder, `${name}.png`), fullPage: true })
        },
        [Symbol.asyncDispose]: () => context.close(),
      }
    },
    [Symbol.asyncDispose]: () => browser.close(),
  }
}

/** The parts of a window's globals that are used below: the types of a browser are not those of Node. */
interface Window {
  readonly axe: { run(): Promise<{ readonly violations: readonly Violation[] }> }
  readonly document: { readonly documentElement: { readonly scrollWidth: number; readonly clientWidth: number } }
}

interface Violation {
  readonly id: string
  readonly help: string
  readonly nodes: ReadonlyArray<{ readonly html: string }>
}

/** What axe finds wrong with a page: the rule, its advice and the places. The page needs `script: 'on'`. */
export const accessibilityProblems = async (page: Page): Promise<readonly string[]> => {
  await page.evaluate(AXE)
  const { violations } = await page.evaluate(() => (globalThis as unknown as Window).axe.run())
  return violations.map(({ id, help, nodes }) => `${id}: ${help}: ${nodes.map(({ html }) => html).join(' ')}`)
}

/** Whether the page is wider than its window. */
export const scrollsSideways = (page: Page): Promise<boolean> =>
  page.evaluate(() => {
    const { scrollWidth, clientWidth } = (globalThis as unknown as Window).document.documentElement
    return scrollWidth > clientWidth
  })
