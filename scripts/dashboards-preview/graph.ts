import type { Panel } from '@grafana/grafana-foundation-sdk/dashboard'
import { parseHTML } from '#linkedom'
import { dot, lineY, type Mark, plot, rectY, ruleY } from '#plot'
import { Html, html } from '../../src/adapters/html/html.ts'
import { type Answer, nameOf, type Range } from './answer.ts'
import type { Drawn } from './drawn.ts'
import { colourOf, type Field, fieldOf } from './field.ts'
import { reduced } from './reduced.ts'
import { unitText } from './unit-text.ts'

const { document } = parseHTML('<!doctype html><html><body></body></html>')

interface Point {
  readonly at: number
  readonly value: number
}

interface Line {
  readonly name: string
  readonly colour: string
  readonly field: Field
  /** One for each step; without a number where Prometheus has none. */
  readonly points: readonly Point[]
}

/** Grafana's mode `shades` is brighter and darker by turns, by a sixth of 35 % for each pair of series. */
const shade = (colour: string, index: number): string =>
  `color-mix(in srgb, ${index % 2 === 1 ? 'white' : 'black'} ${Math.round(Math.ceil((index % 11) / 2) * (35 / 6))}%, ${colourOf(colour)})`

/** Colours like those of Grafana's classic palette, which has 56. */
const CLASSIC = [
  '#7eb26d',
  '#eab839',
  '#6ed0e0',
  '#ef843c',
  '#e24d42',
  '#1f78c1',
  '#ba43a9',
  '#705da0',
  '#508642',
  '#cca300',
  '#447ebc',
  '#c15c17',
]

const classic = (name: string): string =>
  CLASSIC[
    Array.from(name).reduce((sum, letter) => (sum * 31 + (letter.codePointAt(0) ?? 0)) % 9973, 7) % CLASSIC.length
  ] ?? ''

const colourOfLine = ({ color = { mode: 'fixed' } }: Field, name: string, index: number): string => {
  const { mode, fixedColor = 'blue' } = color
  if (mode === 'palette-classic-by-name') return classic(name)
  return mode === 'shades' ? shade(fixedColor, index) : colourOf(fixedColor)
}

const linesOf = (panel: Panel, answers: readonly Answer[], { from, to }: Range, stepMs: number): readonly Line[] => {
  const found = answers.flatMap((answer) => answer.series.map((one) => ({ name: nameOf(answer, one), one })))
  return found.map(({ name, one: { ats, values } }, index) => {
    const field = fieldOf(panel, name)
    const known = new Map(ats.map((at, point) => [at, values[point] ?? Number.NaN]))
    const points: Point[] = []
    for (let at = Math.ceil(from / stepMs) * stepMs; at <= to; at += stepMs)
      points.push({ at, value: known.get(at) ?? Number.NaN })
    return { name, field, points, colour: colourOfLine(field, name, index) }
  })
}

const numbersOf = ({ points }: Line): readonly number[] =>
  points.map(({ value }) => value).filter((value) => Number.isFinite(value))

const stacked = (lines: readonly Line[], stepMs: number) => {
  const heights = new Map<number, number>()
  return lines.flatMap(({ colour, points }) =>
    points.flatMap(({ at, value }) => {
      if (!(value > 0)) return []
      const y1 = heights.get(at) ?? 0
      heights.set(at, y1 + value)
      return [{ colour, x1: at - stepMs * 0.45, x2: at + stepMs * 0.45, y1, y2: y1 + value }]
    }),
  )
}

/** Points whose neighbours are unknown: no line goes through them. */
const alone = ({ points }: Line): readonly Point[] =>
  points.filter(
    ({ value }, index) =>
      Number.isFinite(value) &&
      !Number.isFinite(points[index - 1]?.value) &&
      !Number.isFinite(points[index + 1]?.value),
  )

const legendTexts = (panel: Panel, line: Line): readonly string[] => {
  const { legend } = panel.options as { readonly legend: { readonly calcs: readonly string[] } }
  return legend.calcs.map((calc) => {
    const [title, value] = reduced(calc, numbersOf(line))
    return `${title}: ${value === undefined ? '' : unitText(value, line.field.unit, line.field.decimals)}`
  })
}

const STEPS_MS = [15, 30, 60, 120, 300, 600, 1800, 3600, 7200, 14_400].map((seconds) => seconds * 1000)

/** Lines or stacked bars over time. */
export const graph = (
  panel: Panel,
  answers: readonly Answer[],
  range: Range,
  size: { readonly width: number; readonly height: number },
): Drawn => {
  const { from, to } = range
  const stepMs = panel.interval === undefined ? range.stepMs : Math.max(range.stepMs, 60_000)
  const lines = linesOf(panel, answers, range, stepMs)
  const { unit, decimals, custom = {}, thresholds } = fieldOf(panel, '')
  const bars = custom.drawStyle === 'bars' ? stacked(lines, stepMs) : []
  const marks = bars.length + (custom.drawStyle === 'bars' ? 0 : lines.flatMap(numbersOf).length)
  const texts = lines.map((line) => legendTexts(panel, line))
  const legend = html`<div class="legend">${lines.map(({ name, colour }, index) => html`<span><i style="background:${colour}"></i>${name} <small>${(texts[index] ?? []).join('  ')}</small></span>`)}</div>`
  if (lines.length === 0) return { content: html`<p class="empty">No data</p>`, marks: 0 }

  const legendWidth = lines.reduce(
    (sum, { name }, index) => sum + 30 + 6.3 * `${name}${(texts[index] ?? []).join('  ')}`.length,
    0,
  )
  const legendHeight = Math.min(size.height * 0.35, Math.ceil(legendWidth / size.width) * 19)
  const most = Math.max(
    0,
    ...bars.map(({ y2 }) => y2),
    ...(custom.drawStyle === 'bars' ? [] : lines.flatMap(numbersOf)),
  )
  const top = Math.max(most, custom.axisSoftMax ?? 0) || 1
  const margin = custom.drawStyle === 'bars' ? stepMs / 2 : 0
  const tickMs = STEPS_MS.find((step) => (to - from + 2 * margin) / step < (size.width - 84) / 80) ?? 86_400_000
  const ticks: number[] = []
  for (let at = Math.ceil(from / tickMs) * tickMs; at <= to; at += tickMs) ticks.push(at)
  const limit = custom.thresholdsStyle?.mode === 'dashed' ? thresholds?.steps.at(-1) : undefined
  const drawing: readonly Mark[] =
    custom.drawStyle === 'bars'
      ? [rectY(bars, { x1: 'x1', x2: 'x2', y1: 'y1', y2: 'y2', fill: 'colour', fillOpacity: 0.8 })]
      : lines.flatMap((line) => [
          lineY(line.points, { x: 'at', y: 'value', stroke: line.colour, strokeWidth: 1.5 }),
          dot(alone(line), { x: 'at', y: 'value', fill: line.colour, r: 2.5 }),
        ])
  const svg = plot({
    document,
    className: 'chart',
    ariaLabel: panel.title ?? '',
    width: size.width,
    height: size.height - legendHeight,
    marginTop: 8,
    marginBottom: 22,
    marginLeft: 72,
    marginRight: 12,
    x: {
      type: 'linear',
      // A bar is centred on its instant.
      domain: [from - margin, to + margin],
      label: null,
      ticks,
      tickFormat: (at) => new Date(at).toISOString().slice(11, tickMs < 60_000 ? 19 : 16),
    },
    y: {
      label: null,
      domain: [0, top],
      nice: true,
      grid: true,
      tickSize: 0,
      ticks: Math.max(2, Math.floor(size.height / 40)),
      tickFormat: (value) => (decimals === 0 && !Number.isInteger(value) ? '' : unitText(value, unit, decimals)),
    },
    marks: [
      ...drawing,
      ...(limit === undefined || limit.value === null
        ? []
        : [ruleY([limit.value], { stroke: colourOf(limit.color), strokeWidth: 1.5, strokeDasharray: '8 6' })]),
    ],
  })
  for (const style of svg.querySelectorAll('style')) style.remove()
  return { content: html`${new Html(svg.outerHTML)}${legend}`, marks }
}
