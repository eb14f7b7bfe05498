import type { Instant } from '../../domain/time/instant.ts'
import type { WeekDay, WeekSpan } from '../../domain/time/week.ts'
import { type Content, html } from './html.ts'

/** The width of a drawn day, in the units of its drawing: minutes, on most days. */
const WIDTH = 1440

/** What the shapes mean. */
export const LEGEND = html`<p class="quiet">A bar: connections may be up. A line: they end. Neither: the policy is not in force. A dashed line: the clocks change.</p>`

const SCALE = html`<span class="scale" aria-hidden="true"><span>0</span><span>6</span><span>12</span><span>18</span><span>24</span></span>`

export const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec']

/** A table with a row for each day: the day drawn from midnight to midnight on the clock of the zone, and its hours. */
export const weekTable = (
  week: readonly WeekDay[],
  asked: {
    readonly name: string
    /** Marked in its day. */
    readonly now?: Instant
  },
): Content =>
  html`<table class="week">
<caption class="unseen">When connections may be up under ${asked.name}</caption>
<thead><tr><th scope="col"><span class="unseen">Day</span></th><th scope="col"><span class="unseen">Drawn</span>${SCALE}</th><th scope="col">may be up</th></tr></thead>
<tbody>
${week.map((day) => dayRow(day, asked.now))}
</tbody>
</table>`

const dayRow = (day: WeekDay, now: Instant | undefined): Content => {
  const { date, weekday } = day
  const today = isIn(day, now) ? html` <span class="badge">today</span>` : ''
  return html`<tr><th scope="row">${weekday} ${date.day} ${MONTHS[date.month - 1] ?? ''}${today}</th><td>${drawing(day, now)}</td><td>${hoursOf(day)}</td></tr>
`
}

const isIn = ({ from, until }: WeekDay, now: Instant | undefined): now is Instant =>
  now !== undefined && from <= now && now < until

/** A day without a time at which connections may be up: they end all day, or while the policy is in force. */
const notAt = (ends: readonly string[]): string =>
  ends.length === 1 && ends[0] === '00:00–24:00' ? 'not at all' : `not ${ends.join(', ')}`

/** The hours of a day in words, for readers who do not see the drawing. */
const hoursOf = ({ spans, isClosed, clockChangesAt, from, until }: WeekDay): string => {
  const texts = (state: WeekSpan['state']) =>
    spans.filter((span) => span.state === state).map(({ fromText, untilText }) => `${fromText}–${untilText}`)
  const [allowed, off] = [texts('allowed'), texts('not-in-force')]
  const isAll = (list: readonly string[]) => list.length === 1 && list[0] === '00:00–24:00'
  return [
    isAll(off) ? '' : isAll(allowed) ? 'all day' : allowed.length > 0 ? allowed.join(', ') : notAt(texts('ends')),
    off.length === 0 ? '' : isAll(off) ? 'not in force' : `not in force ${off.join(', ')}`,
    isClosed ? 'a date of its calendars' : '',
    clockChangesAt === undefined ? '' : `the clocks change: ${(until - from) / 3_600_000} hours`,
  ]
    .filter((text) => text !== '')
    .join('; ')
}

/** A dashed line. It stands on a line of the ground: on a bar it could hardly be seen. */
const changeMark = (x: number): Content =>
  html`<path class="halo" d="M${x} 0v20"/><path class="change" d="M${x} 0v20"/>`

const drawing = (day: WeekDay, now: Instant | undefined): Content => {
  const { from, until, spans, quarters, clockChangesAt } = day
  const x = (at: Instant) => Math.round(((at - from) / (until - from)) * WIDTH)
  const shapes = spans.flatMap((span) => {
    const [left, width] = [x(span.from), x(span.until) - x(span.from)]
    if (span.state === 'not-in-force') return []
    const [y, height] = span.state === 'allowed' ? [2, 16] : [9, 2]
    return html`<rect class="${span.state}" x="${left}" y="${y}" width="${width}" height="${height}"/>`
  })
  const ticks = quarters.map((at) => html`<path class="tick" d="M${x(at)} 0v20"/>`)
  const change = clockChangesAt === undefined ? '' : changeMark(x(clockChangesAt))
  const mark = isIn(day, now) ? html`<path class="mark" d="M${x(now)} 0v20"/>` : ''
  return html`<svg viewBox="0 0 ${WIDTH} 20" preserveAspectRatio="none" aria-hidden="true">${shapes}${ticks}${change}${mark}</svg>`
}
