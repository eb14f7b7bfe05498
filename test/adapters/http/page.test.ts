import Fastify from 'fastify'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { html } from '../../../src/adapters/html/html.ts'
import { pageOf } from '../../../src/adapters/html/page.ts'
import { scrolling } from '../../../src/adapters/html/scrolling.ts'
import { sendPage } from '../../../src/adapters/http/send-page.ts'
import { accessibilityProblems, scrollsSideways, startBrowser } from './browser.ts'

type Browser = Awaited<ReturnType<typeof startBrowser>>

let browser: Browser

beforeAll(async () => {
  browser = await startBrowser()
})

afterAll(async () => {
  await browser[Symbol.asyncDispose]()
})

const NAME = '<img src=x onerror=alert(1)>'.repeat(20)

const body = html`<h1>${NAME}</h1>
<div class="bad"><h2>Bad</h2><p>A <strong>strong</strong> word, <a href="/">a link</a>, <code>code</code>.</p></div>
<div class="care"><h2>Care</h2><p>A <strong>strong</strong> word, <a href="/">a link</a>, <small>small</small>.</p></div>
<div class="good"><h2>Good</h2><p>A <strong>strong</strong> word, <a href="/">a link</a>, <small>small</small>.</p></div>
<form method="post"><button>Do it</button></form>
<p class="quiet">Quiet</p>`

const wide = html`<h2 id="wide">Wide</h2>${scrolling('wide', html`<table><tbody><tr><th scope="row">daily-reauthentication</th>${Array.from({ length: 6 }, () => html`<td>enforced</td>`)}</tr></tbody></table>`)}`

/** How many lines a word of the row's head takes. */
const LINES = `(() => {
  const text = document.querySelector('th').firstChild
  const range = document.createRange()
  range.setStart(text, text.data.indexOf('reauthentication'))
  range.setEnd(text, text.data.length)
  return range.getClientRects().length
})()`

const serve = async () => {
  const app = Fastify()
  app.get('/wide', (_request, reply) => sendPage(reply, pageOf({ title: 'Wide', body: wide })))
  app.get('/', (_request, reply) => sendPage(reply, pageOf({ title: NAME, body })))
  app.get('/script', (_request, reply) =>
    sendPage(reply, pageOf({ title: 'A script', body: html`<h1>A</h1><script>document.title = 'ran'</script>` })),
  )
  const url = await app.listen({ host: '127.0.0.1', port: 0 })
  return { url, [Symbol.asyncDispose]: () => app.close() }
}

describe('the frame of the pages, in Chromium', () => {
  it.each(['light', 'dark'] as const)('is accessible in %s', async (scheme) => {
    await using server = await serve()
    for (const width of [320, 1400]) {
      await using look = await browser.open(server.url, { scheme, width, script: 'on' })
      expect(await accessibilityProblems(look.page)).toEqual([])
      expect(await scrollsSideways(look.page)).toBe(false)
      expect(look.complaints).toEqual([])
    }
  })

  it('shows on a narrow screen that a table goes on, and breaks no word of a name', async () => {
    await using server = await serve()
    await using look = await browser.open(`${server.url}/wide`, { width: 360 })
    await look.screenshot('wide-table')
    const ofRegion = (what: string) => look.page.evaluate(`((one) => ${what})(document.querySelector('.scrolling'))`)
    expect(await ofRegion('one.scrollWidth > one.clientWidth')).toBe(true)
    expect(await ofRegion('getComputedStyle(one).backgroundImage')).toContain('gradient')
    expect(await look.page.evaluate(LINES)).toBe(1)
    expect(await scrollsSideways(look.page)).toBe(false)
  })

  it('differs between light and dark, so the style sheet is in force', async () => {
    await using server = await serve()
    const grounds = []
    for (const scheme of ['light', 'dark'] as const) {
      await using look = await browser.open(server.url, { scheme })
      grounds.push(await look.page.evaluate('getComputedStyle(document.body).backgroundColor'))
    }
    expect(grounds).toEqual(['rgb(252, 252, 251)', 'rgb(21, 24, 27)'])
  })

  it('runs no script, even if a page had one', async () => {
    await using server = await serve()
    await using look = await browser.open(`${server.url}/script`, { script: 'on' })
    expect(await look.page.title()).toBe('A script')
    expect(look.complaints.join()).toContain('Content Security Policy')
  })
})
