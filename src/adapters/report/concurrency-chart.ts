import { areaY, lineY } from '#plot'
import { concurrencyOf } from '../../domain/backtest/concurrency.ts'
import type { Ends } from '../../domain/backtest/ends.ts'
import type { Recording } from '../../domain/recording/recorded-session.ts'
import { HOUR, type Instant, MINUTE } from '../../domain/time/instant.ts'
import type { LocalDay } from '../../domain/time/local-days.ts'
import { localText } from '../../domain/time/local-text.ts'
import { type Content, html } from '../html/html.ts'
import { count, plural } from '../html/words.ts'
import { chartOf, clockChangeMarks, pictureOf, tableOf } from './chart.ts'
import { dayText, sharesOf } from './days.ts'
import { marginOf } from './labels.ts'

/** More steps than this cannot be told apart on the page. */
const MOST_STEPS = 800
const MOST_LABELS = 12
const MOST_ROWS = 100

/** How many sessions were up at once, and how many the policies would have left. */
export const concurrencySection = (
  recording: Recording,
  ends: Ends,
  days: readonly LocalDay[],
  zone: string,
): Content => {
  const { from, to } = recording
  const stepMs = Math.max(1, Math.ceil((to - from) / HOUR / MOST_STEPS)) * HOUR
  const steps = concurrencyOf(recording, ends, edgesOf(from, to, stepMs))
  const most = steps.reduce<(typeof steps)[number] | undefined>(
    (best, one) => (best === undefined || one.recorded > best.recorded ? one : best),
    undefined,
  )
  if (most === undefined || most.recorded === 0) return ''
  const mostKept = steps.reduce((best, { kept }) => Math.max(best, kept), 0)
  const summary = `At most ${plural(most.recorded, 'session')} ${most.recorded === 1 ? 'was' : 'were'} up at once, in the ${stepText(stepMs)} from ${localText(most.from, zone)}; with the policies it would have been at most ${count(mostKept)}.`
  const points = [...steps, { ...most, from: to, recorded: steps.at(-1)?.recorded ?? 0, kept: steps.at(-1)?.kept ?? 0 }]
  const changes = days.filter(({ clockChangesAt }) => clockChangesAt !== undefined && clockChangesAt < to)
  const midnights = days.map((day) => day.from).filter((at) => from <= at && at < to)
  const ticks =
    midnights.length > 1
      ? sharesOf(midnights, MOST_LABELS).map(([first]) => first)
      : timesIn(from, to, days[0]?.from ?? 0)
  const timeOf = (at: Instant) => localText(at, zone).slice(-'18:30'.length)
  // The axis ends above the most, at a round number.
  const widest = count(10 ** Math.ceil(Math.log10(most.recorded)))
  const shares = sharesOf(days, MOST_ROWS)
  const rows = concurrencyOf(recording, ends, [
    ...shares.map(([first]) => Math.max(from, first.from)),
    Math.min(to, days.at(-1)?.until ?? to),
  ])
  return pictureOf({
    id: 'concurrency',
    title: 'Sessions up at once',
    notes: [
      html`<span class="key recorded"></span>as recorded <span class="key kept"></span>with the policies. The most at once in each ${stepText(stepMs)}, on the clock of ${zone}.`,
      summary,
      ...changes.map((day) => `The clocks change on ${dayText(day)}: a dashed line from top to bottom.`),
    ],
    chart: chartOf(`Sessions up at once, as recorded and with the policies. ${summary}`, {
      height: 300,
      marginTop: 15,
      marginLeft: marginOf([widest]),
      marginRight: 40,
      x: {
        type: 'linear',
        domain: [from, to],
        label: null,
        ticks,
        tickFormat: (at) => dayText(days.find((day) => day.from === at)) || timeOf(at),
      },
      y: {
        label: null,
        tickSize: 0,
        grid: true,
        nice: true,
        ticks: Math.min(5, most.recorded),
        domain: [0, most.recorded],
      },
      marks: [
        areaY(points, {
          x: 'from',
          y1: 'kept',
          y2: 'recorded',
          curve: 'step-after',
          fill: 'var(--bad)',
          fillOpacity: 0.25,
        }),
        areaY(points, { x: 'from', y1: 0, y2: 'kept', curve: 'step-after', fill: 'var(--link)', fillOpacity: 0.3 }),
        lineY(points, {
          x: 'from',
          y: 'recorded',
          curve: 'step-after',
          stroke: 'var(--bad)',
          strokeWidth: 1,
          strokeDasharray: '3 2',
        }),
        lineY(points, { x: 'from', y: 'kept', curve: 'step-after', stroke: 'var(--link)', strokeWidth: 1.5 }),
        ...clockChangeMarks(changes),
      ],
    }),
    numbers: tableOf(
      [
        { title: 'Day' },
        { title: 'Most at once, as recorded', isNumber: true },
        { title: 'With the policies', isNumber: true },
      ],
      rows.map(({ recorded, kept }, index) => [dayText(shares[index]?.[0]), count(recorded), count(kept)]),
      'The most sessions up at once, by day',
    ),
  })
}

const edgesOf = (from: Instant, to: Instant, stepMs: number): readonly Instant[] => {
  const first = Math.floor(from / stepMs) * stepMs + stepMs
  const edges = [from]
  for (let at = first; at < to; at += stepMs) edges.push(at)
  return [...edges, to]
}

/** The steps of an axis on which no two midnights have a label. */
const STEPS = [1, 2, 5, 10, 15, 30, 60, 120, 180, 360, 720].map((minutes) => minutes * MINUTE)

/** Round times of the day, as many as have room on the axis. */
const timesIn = (from: Instant, to: Instant, midnight: Instant): readonly Instant[] => {
  const step = STEPS.find((one) => (to - from) / one < MOST_LABELS) ?? 12 * HOUR
  const first = midnight + Math.ceil((from - midnight) / step) * step
  return Array.from({ length: Math.floor((to - first) / step) + 1 }, (_, index) => first + index * step)
}

const stepText = (stepMs: number): string => (stepMs === HOUR ? 'hour' : `${stepMs / HOUR} hours`)
