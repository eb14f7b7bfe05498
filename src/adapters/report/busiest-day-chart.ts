import { barX, tickX } from '#plot'
import { busiestDayOf } from '../../domain/backtest/busiest-day.ts'
import type { Cut, Outcome } from '../../domain/backtest/outcome.ts'
import { printable } from '../../domain/printable.ts'
import type { Recording } from '../../domain/recording/recorded-session.ts'
import { HOUR, type Instant, MINUTE } from '../../domain/time/instant.ts'
import type { LocalDay } from '../../domain/time/local-days.ts'
import { localText } from '../../domain/time/local-text.ts'
import { breakable } from '../html/breakable.ts'
import { type Content, html } from '../html/html.ts'
import { count, plural } from '../html/words.ts'
import { chartOf, clockChangeMarks, pictureOf, tableOf } from './chart.ts'
import { dayText } from './days.ts'
import { labelsOf, marginOf } from './labels.ts'

const ROOM = { lanes: 100, periods: 3000 }
/** How many ends of one person have their times in the table. */
const MOST_TIMES = 5

/** The sessions of the day on which most would end, and their ends. */
export const busiestDaySection = (
  recording: Recording,
  outcome: Outcome,
  days: readonly LocalDay[],
  zone: string,
): Content => {
  const busiest = busiestDayOf(recording, outcome, days, ROOM)
  if (busiest === undefined) return ''
  const { day, lanes, people } = busiest
  const timeOf = (at: Instant) => localText(at, zone).slice(-'18:30'.length)
  const ofAll = `${plural(busiest.cuts, 'session')} of ${plural(people, 'person', 'people')} would have ended on ${dayText(day)} ${day.date.year}`
  const shown =
    lanes.length < people
      ? `The ${plural(lanes.length, 'person', 'people')} with most ends ${lanes.length === 1 ? 'is' : 'are'} shown.`
      : ''
  const labels = labelsOf(lanes.map(({ name }) => name))
  const saved = lanes.flatMap((lane, index) => lane.saved.map((period) => ({ ...period, index })))
  const up = lanes.flatMap((lane, index) => lane.up.map((period) => ({ ...period, index })))
  const ends = lanes.flatMap((lane, index) => apart(lane.cuts).map((cut) => ({ at: cut.at, cut, index })))
  const words = ({ at, cut }: (typeof ends)[number]) =>
    `${printable(nameOf(cut))}: ended ${timeOf(at)} by ${printable(cut.policy.name)}`
  const hours = Array.from(
    { length: Math.round((day.until - day.from) / HOUR) + 1 },
    (_, hour) => day.from + hour * HOUR,
  )
  return pictureOf({
    id: 'busiest-day',
    title: 'The busiest day',
    notes: [
      `${ofAll}. ${shown}`,
      html`<span class="key kept"></span>up <span class="key end"></span>would have ended <span class="key saved"></span>up as recorded, and would not have been. On the clock of ${zone}.`,
    ],
    chart: chartOf(`${ofAll}. A row for each person, with its sessions and their ends. ${shown}`, {
      height: 50 + lanes.length * 18,
      marginTop: 25,
      marginBottom: 25,
      marginLeft: marginOf(labels),
      marginRight: 20,
      x: {
        type: 'linear',
        domain: [day.from, day.until],
        axis: 'both',
        label: null,
        ticks: hours.filter((_, index) => index % 2 === 0),
        tickFormat: (at) => (at === day.until ? '24:00' : timeOf(at)),
        grid: true,
      },
      y: {
        type: 'band',
        domain: lanes.map((_, index) => index),
        label: null,
        tickSize: 0,
        padding: 0.2,
        tickFormat: (index) => labels[index] ?? '',
      },
      marks: [
        barX(saved, {
          x1: 'from',
          x2: 'until',
          y: 'index',
          insetTop: 4,
          insetBottom: 4,
          fill: 'var(--bad)',
          fillOpacity: 0.3,
        }),
        barX(up, { x1: 'from', x2: 'until', y: 'index', fill: 'var(--link)', fillOpacity: 0.75 }),
        tickX(ends, { x: 'at', y: 'index', stroke: 'var(--bad)', strokeWidth: 2.5, title: words }),
        ...clockChangeMarks([day]),
      ],
    }),
    numbers: tableOf(
      [
        { title: 'Person' },
        { title: 'Sessions', isNumber: true },
        { title: 'Would have ended', isNumber: true },
        { title: 'At' },
      ],
      lanes.map(({ name, sessions, cuts: ended }) => [
        breakable(name),
        count(sessions),
        count(ended.length),
        [
          ...ended.slice(0, MOST_TIMES).map((cut) => `${timeOf(cut.at)} ${cut.policy.name}`),
          ...(ended.length > MOST_TIMES ? [`and ${count(ended.length - MOST_TIMES)} more`] : []),
        ].join(', '),
      ]),
      `Sessions that would have ended on ${dayText(day)}`,
    ),
  })
}

const nameOf = ({ session }: Cut): string => session.username ?? session.commonName ?? ''

/** The cuts without those that a drawing of a day cannot show beside the one before. */
const apart = (cuts: readonly Cut[]): readonly Cut[] => {
  const drawn: Cut[] = []
  for (const cut of cuts) if (cut.at >= (drawn.at(-1)?.at ?? Number.NEGATIVE_INFINITY) + 3 * MINUTE) drawn.push(cut)
  return drawn
}
