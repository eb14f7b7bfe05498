import { cell, text } from '#plot'
import type { Summary } from '../../domain/backtest/summary.ts'
import { WEEKDAYS } from '../../domain/time/local-days.ts'
import type { Content } from '../html/html.ts'
import { count, plural } from '../html/words.ts'
import { chartOf, pictureOf, tableOf } from './chart.ts'

const HOURS = Array.from({ length: 24 }, (_, hour) => hour)

/** How dark a cell is, by its share of the largest number. Its number stays readable on each of them. */
const SHADES = [
  { above: 0.6, opacity: 1, ink: 'var(--ground)' },
  { above: 0.25, opacity: 0.45, ink: 'var(--text)' },
  { above: 0.08, opacity: 0.28, ink: 'var(--text)' },
  { above: 0, opacity: 0.14, ink: 'var(--text)' },
] as const

interface Cell {
  readonly day: number
  readonly hour: number
  readonly ended: number
}

/** When sessions would end, by hour of the week. */
export const heatMapSection = ({ byHourOfWeek: { timeZone, ended } }: Summary): Content => {
  const cells = ended.map((number, index): Cell => ({ day: Math.floor(index / 24), hour: index % 24, ended: number }))
  const most = cells.reduce((best, one) => (one.ended > best.ended ? one : best), { day: 0, hour: 0, ended: 0 })
  if (most.ended === 0) return ''
  const shadeOf = ({ ended: number }: Cell) => SHADES.find(({ above }) => number / most.ended > above)
  const some = cells.filter((one) => shadeOf(one) !== undefined)
  const words = (one: Cell) => `${WEEKDAYS[one.day]} ${hourText(one.hour)}: ${plural(one.ended, 'session')}`
  const summary = `Most sessions end in the hour from ${hourText(most.hour)} on ${WEEKDAYS[most.day]}: ${count(most.ended)}.`
  return pictureOf({
    id: 'week',
    title: 'When sessions would end',
    notes: [`By hour of the week, on the clock of ${timeZone}. ${summary}`],
    chart: chartOf(`Sessions that would end, by hour of the week. ${summary}`, {
      height: 290,
      marginTop: 10,
      marginBottom: 30,
      marginLeft: 50,
      marginRight: 0,
      x: { type: 'band', domain: HOURS, label: null, tickFormat: (hour) => hourText(hour).slice(0, 2), tickSize: 0 },
      y: {
        type: 'band',
        domain: [0, 1, 2, 3, 4, 5, 6],
        label: null,
        tickFormat: (day) => WEEKDAYS[day] ?? '',
        tickSize: 0,
      },
      opacity: { type: 'identity' },
      marks: [
        cell(cells, { x: 'hour', y: 'day', inset: 1, fill: 'var(--raised)' }),
        cell(some, {
          x: 'hour',
          y: 'day',
          inset: 1,
          fill: 'var(--link)',
          fillOpacity: (one) => shadeOf(one)?.opacity ?? 0,
          title: words,
        }),
        text(some, {
          x: 'hour',
          y: 'day',
          text: (one) => count(one.ended),
          fill: (one) => shadeOf(one)?.ink ?? 'var(--text)',
        }),
      ],
    }),
    numbers: tableOf(
      [{ title: 'Hour' }, ...WEEKDAYS.map((title) => ({ title, isNumber: true }))],
      HOURS.map((hour) => [hourText(hour), ...WEEKDAYS.map((_, day) => count(ended[day * 24 + hour] ?? 0))]),
      `Sessions that would end, by hour of the week, on the clock of ${timeZone}`,
    ),
  })
}

const hourText = (hour: number): string => `${String(hour).padStart(2, '0')}:00`
