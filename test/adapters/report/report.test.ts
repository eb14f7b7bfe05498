import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { reportOf } from '../../../src/adapters/report/report.ts'
import { lastCallWords } from '../../../src/domain/backtest/last-call-words.ts'
import { verdictSentence } from '../../../src/domain/backtest/verdict-sentence.ts'
import { HOUR } from '../../../src/domain/time/instant.ts'
import { localText } from '../../../src/domain/time/local-text.ts'
import { session } from '../../domain/backtest/build.ts'
import { accessibilityProblems, scrollsSideways, startBrowser } from '../http/browser.ts'
import { HOSTILE, recordedWeeks } from './recorded-weeks.ts'

const weeks = recordedWeeks()
const { summary } = weeks
const folder = mkdtempSync(join(tmpdir(), 'curfew-report-'))
const file = join(folder, 'report.html')
const url = pathToFileURL(file).href

let browser: Awaited<ReturnType<typeof startBrowser>>

beforeAll(async () => {
  writeFileSync(file, reportOf(weeks))
  browser = await startBrowser()
})

afterAll(async () => {
  await browser[Symbol.asyncDispose]()
  rmSync(folder, { recursive: true })
})

/** The cells of each row of the table below a heading. */
const rowsBelow = (id: string) =>
  `[...document.getElementById('${id}').closest('section').querySelectorAll('tbody tr')].map((row) => [...row.cells].map((cell) => cell.textContent))`

/** The labels of charts that reach beyond their picture. */
const OUTSIDE = `[...document.querySelectorAll('.chart text')].filter((one) => {
  const [label, chart] = [one, one.closest('.drawn')].map((element) => element.getBoundingClientRect())
  return label.left < chart.left - 1 || label.right > chart.right + 1
}).map((one) => one.textContent)`

/** A number as the page writes it. */
const written = (number: number) => number.toLocaleString('en-US')

describe('the report, in Chromium', () => {
  it('asks the network for nothing and runs no script of a name, whatever the names are', async () => {
    await using look = await browser.open(url, { script: 'on', width: 1400 })
    expect(look.requests).toEqual([url])
    expect(look.complaints).toEqual([])
    expect(await look.page.title()).toBe('Curfew: what the policies would have done')
    expect(await look.page.evaluate('document.querySelectorAll("img, script, [onload], [onerror]").length')).toBe(1)
    const text = await look.page.textContent('main')
    for (const name of HOSTILE.slice(0, 3)) expect(text?.split(name).length).toBeGreaterThan(2)
    expect(text).toContain('gnol-\\u202eexe')
    expect(text).not.toContain('\u202e')
  })

  it.each(['light', 'dark'] as const)('can be read by everybody in %s', async (scheme) => {
    await using look = await browser.open(url, { scheme, width: 1400, script: 'on' })
    await look.screenshot(`report-${scheme}`)
    await look.page.evaluate('document.querySelectorAll("details").forEach((one) => { one.open = true })')
    expect(await accessibilityProblems(look.page)).toEqual([])
    const images = await look.page.getByRole('img').all()
    expect(await Promise.all(images.map((image) => image.getAttribute('aria-label')))).toEqual([
      expect.stringMatching(/^Sessions that would end, by hour of the week\. Most/),
      expect.stringMatching(/^Sessions up at once.+At most \d+ sessions/),
      expect.stringMatching(/^Sessions that each policy would have ended: .*office-hours \d+/),
      expect.stringMatching(/people would have ended on \w{3} \d+ Oct 2026/),
    ])
    for (const width of [400, 1400]) {
      await look.page.setViewportSize({ width, height: 900 })
      expect(await scrollsSideways(look.page)).toBe(false)
    }
    expect(look.complaints).toEqual([])
  })

  it('has the labels of every chart within it, and names each of its policies differently', async () => {
    await using look = await browser.open(url, { script: 'on', width: 1400 })
    expect(await look.page.evaluate(OUTSIDE)).toEqual([])
    const bars = (await look.page.evaluate(
      '[...document.querySelectorAll("section:has(#by-policy) .chart text")].map((one) => one.textContent).filter((text) => /[a-z]/.test(text))',
    )) as readonly string[]
    expect(bars).toHaveLength(summary.ended.byPolicy.filter(({ sessions }) => sessions > 0).length)
    expect(new Set(bars).size).toBe(bars.length)
  })

  it('has the numbers of the JSON', async () => {
    await using look = await browser.open(url, { script: 'on', width: 1400 })
    const text = await look.page.innerText('main')
    expect(text).toContain(verdictSentence(summary))
    const figures = await look.page.evaluate(
      'Object.fromEntries([...document.querySelectorAll(".figures div")].map((one) => [one.children[0].textContent, one.children[1].textContent]))',
    )
    const numbers = {
      sessions: summary.sessions,
      people: summary.principals,
      'connection hours': summary.connectionHours,
      'sessions ended': summary.ended.sessions,
      'people disconnected': summary.ended.principals,
      'hours saved': summary.ended.hoursSaved,
      'returns within five minutes': summary.returned,
      'newly ended': summary.against?.newlyEnded ?? -1,
      'no longer ended': summary.against?.noLongerEnded ?? -1,
      'ended earlier': summary.against?.earlier ?? -1,
      'ended later': summary.against?.later ?? -1,
      'lines read': summary.lines.read,
      understood: summary.lines.understood,
      'not understood': summary.lines.failed,
      'sessions without a begin': summary.edges.begunBefore,
      'sessions without an end': summary.edges.endNotRecorded,
      'sessions open at its end': summary.edges.openAtEnd,
    }
    expect(figures).toEqual(Object.fromEntries(Object.entries(numbers).map(([what, one]) => [what, written(one)])))
    for (const [reason, number] of Object.entries(summary.ended.byReason)) {
      expect(text.includes(`${reason} ${written(number)}`)).toBe(number > 0)
    }
    const { terminations = 0, at, etaSeconds = -1 } = summary.busiestMinute ?? {}
    const zone = summary.byHourOfWeek.timeZone
    expect(zone).not.toBe('UTC')
    expect(text).toContain(
      `${terminations} terminations at ${localText(Date.parse(at ?? ''), zone)} on the clock of ${zone}; ${lastCallWords(etaSeconds)}.`,
    )

    expect(await look.page.evaluate(rowsBelow('by-policy'))).toEqual(
      summary.ended.byPolicy.map(({ policy, kind, ...counts }) => [
        policy,
        kind,
        ...[counts.sessions, counts.principals, counts.hoursSaved, counts.exemptions, counts.notJudged].map(written),
      ]),
    )
    for (const { policy, sessions, because } of summary.notJudged) {
      expect(text).toContain(`${policy}: ${written(sessions)} sessions, because ${because}`)
    }
    expect(text).toMatch(/managed-devices: \d+ sessions, because the session lacks [a-z ]+\n/)
    expect(text).toContain('3 connections of two users (left out)')
    const byHour = (await look.page.evaluate(rowsBelow('week'))) as readonly (readonly string[])[]
    expect([1, 2, 3, 4, 5, 6, 7].flatMap((day) => byHour.map((row) => row[day]))).toEqual(
      summary.byHourOfWeek.ended.map(written),
    )
    const people = (await look.page.evaluate(rowsBelow('people'))) as readonly (readonly string[])[]
    expect(people).toHaveLength(summary.principals)
    expect(people.slice(0, 10).map(([, , , ended, saved]) => [ended, saved])).toEqual(
      summary.mostEnded.map(({ sessions, hoursSaved }) => [written(sessions), written(hoursSaved)]),
    )
  })

  it('keeps days and names in sight on a narrow screen, and divides no instant', async () => {
    await using look = await browser.open(url, { script: 'on', width: 400 })
    await look.screenshot('report-narrow')
    const inSight = `[...document.querySelectorAll('.chart.labels')].map((labels) => {
      const region = labels.closest('.scrolling')
      region.scrollLeft = 10_000
      return [region.scrollLeft > 100, labels.getBoundingClientRect().left >= region.getBoundingClientRect().left - 1]
    })`
    expect(await look.page.evaluate(inSight)).toEqual(Array.from({ length: 4 }, () => [true, true]))
    await look.screenshot('report-narrow-right')
    const lines = '[...document.querySelectorAll(".instant")].map((one) => one.getClientRects().length)'
    const instants = (await look.page.evaluate(lines)) as readonly number[]
    expect(instants.length).toBeGreaterThan(100)
    expect(instants.filter((one) => one > 1)).toEqual([])
    expect(await look.page.locator('.headline .instant').count()).toBe(2)
  })

  it('has hours on the axis of a short recording, and room for its large numbers', async () => {
    const from = Date.parse('2026-10-14T08:10:00Z')
    const to = from + 3 * HOUR
    const sessions = Array.from({ length: 9_800 }, (_, index) =>
      session({ connectionId: `short-${index}`, username: 'one', establishedAt: from + 10_000, endedAt: to }),
    )
    const short = join(folder, 'short.html')
    writeFileSync(short, reportOf({ ...weeks, recording: { ...weeks.recording, from, to, sessions } }))
    await using look = await browser.open(pathToFileURL(short).href, { script: 'on', width: 1400 })
    const labels = (await look.page.evaluate(
      '[...document.querySelectorAll("section:has(#concurrency) .chart text")].map((one) => one.textContent)',
    )) as readonly string[]
    expect(labels).toContain('10,000')
    expect(labels.filter((label) => label.includes(':'))).toEqual([
      '10:30',
      '11:00',
      '11:30',
      '12:00',
      '12:30',
      '13:00',
    ])
    expect(await look.page.evaluate(OUTSIDE)).toEqual([])
    await look.screenshot('report-short')
  })

  it('finds a person by the keyboard alone', async () => {
    await using look = await browser.open(url, { script: 'on', width: 1400 })
    const { page } = look
    for (let step = 0; step < 40; step++) {
      await page.keyboard.press('Tab')
      if ((await page.evaluate('document.activeElement.id')) === 'search') break
    }
    await page.keyboard.type('MALL')
    expect(await page.evaluate('document.getElementById("found").textContent')).toBe(`1 of ${summary.principals}`)
    const visible =
      '[...document.querySelectorAll("#people-table tbody tr")].filter((row) => row.clientHeight > 0).length'
    expect(await page.evaluate(visible)).toBe(1)
    await page.keyboard.press('Escape')
    await page.keyboard.type(String(summary.mostEnded[0]?.sessions))
    expect(await page.evaluate(visible)).toBe(0)
    await page.keyboard.press('Escape')
    expect(await page.evaluate(visible)).toBe(summary.principals)
  })

  it('shows everybody where scripts do not run', async () => {
    await using look = await browser.open(url, { script: 'off', width: 1400 })
    expect(await look.page.isVisible('#search')).toBe(false)
    expect(await look.page.locator('#people-table tbody tr').count()).toBe(summary.principals)
  })

  it('prints whole tables on light ground, also from a dark screen', async () => {
    await using look = await browser.open(url, { script: 'on', scheme: 'dark', width: 690 })
    const colours = () =>
      look.page.evaluate(`['body', '.chart rect'].map((one) => {
        const { backgroundColor, fill } = getComputedStyle(document.querySelector(one))
        return one === 'body' ? backgroundColor : fill
      })`)
    const onScreen = await colours()
    await look.page.emulateMedia({ media: 'print', colorScheme: 'dark' })
    await look.screenshot('report-print')
    const onPaper = await colours()
    await look.page.emulateMedia({ media: 'screen', colorScheme: 'light' })
    expect(onPaper).toEqual(await colours())
    expect(onPaper).not.toEqual(onScreen)
    await look.page.emulateMedia({ media: 'print' })
    expect(await scrollsSideways(look.page)).toBe(false)
    expect(await look.page.isVisible('#search')).toBe(false)
    const cropped =
      '[...document.querySelectorAll(".scrolling")].filter((one) => one.scrollHeight > one.clientHeight + 1 || one.scrollWidth > one.clientWidth + 1).length'
    expect(await look.page.evaluate(cropped)).toBe(0)
  })
})

describe('the report', () => {
  it('says so where nothing ends, and where nothing was recorded', () => {
    const { recording, set, madeAt, version } = weeks
    const nothing = {
      ended: { ...summary.ended, sessions: 0 },
      busiestMinute: null,
      byHourOfWeek: { timeZone: 'UTC', ended: summary.byHourOfWeek.ended.map(() => 0) },
    }
    const outcome = { ...weeks.outcome, cuts: [] }
    const asked = { outcome, set, madeAt, version, difference: undefined, summary: { ...summary, ...nothing } }
    expect(reportOf({ ...asked, recording })).toContain('would have ended none of')
    expect(reportOf({ ...asked, recording: { ...recording, sessions: [] } })).toContain('would have ended none of')
  })

  it('says which sessions and policies it is about', () => {
    const about = (scope: typeof summary.scope) =>
      reportOf({ ...weeks, summary: { ...summary, scope } })
        .split('class="quiet scope">')[1]
        ?.split('</ul>')[0]
        ?.replaceAll(/<[^>]*>/g, '')
        .trim()
        .split('\n')
    expect(about({ modes: 'all', endpoints: null, notWatched: 0 })).toEqual([
      'Sessions on every endpoint that is watched.',
      'Every policy acts, whatever its mode.',
    ])
    expect(about({ modes: 'as-written', endpoints: ['cvpn-endpoint-1', 'office'], notWatched: 1234 })).toEqual([
      'Only sessions on cvpn-endpoint-1, office.',
      expect.stringMatching(/^Modes as written: a policy acts only where it and/),
      expect.stringMatching(/^Left out: 1,234 sessions on endpoints/),
    ])
  })

  it('stays below 4 MB for 30,000 people, and says whom it leaves out', () => {
    const { recording, outcome, summary: before, set, madeAt, version } = weeks
    const sessions = Array.from(
      { length: Math.ceil(30_000 / recording.sessions.length) },
      () => recording.sessions,
    ).flatMap((list, copy) =>
      list.map((one, index) => ({
        ...one,
        connectionId: `${copy} ${index}`,
        username: `${one.username}-${copy}-${index}`,
      })),
    )
    const [first] = outcome.cuts
    if (first === undefined) throw new Error('nothing ends')
    const cuts = sessions.map((session) => ({ ...first, session, at: session.establishedAt }))
    const page = reportOf({
      recording: { ...recording, sessions },
      outcome: { ...outcome, cuts },
      summary: before,
      difference: undefined,
      set,
      madeAt,
      version,
    })
    expect(page.length).toBeLessThan(4_000_000)
    const listed = page.split('<script>')[0]?.split('id="people-table"')[1]?.split('<tr>').length ?? 0
    expect(listed - 2).toBeGreaterThan(10_000)
    expect(page).toContain(
      `Of ${written(sessions.length)} people whose sessions would have ended, the first ${written(listed - 2)} are listed.`,
    )
    expect(page).toContain(`${written(sessions.length - listed + 2)} more are not`)
    expect(page).toContain('The 100 people with most ends are shown.')
  })
})
