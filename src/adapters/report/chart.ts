import { parseHTML } from '#linkedom'
import { type Mark, type PlotOptions, plot, ruleX } from '#plot'
import type { LocalDay } from '../../domain/time/local-days.ts'
import { type Content, Html, html } from '../html/html.ts'
import { withWholeInstants } from '../html/instants.ts'
import { scrolling } from '../html/scrolling.ts'

const { document } = parseHTML('<!doctype html><html><body></body></html>')

/** The width of a chart, in CSS pixels at its full size. */
const WIDTH = 1040

/** Without it, Plot leaves so much room above and below. */
const MARGINS = { marginTop: 20, marginBottom: 30 }

/**
 * A chart as SVG. It takes its font and its colours from the page. `text` says what it shows to a reader who does not see
 * it. The labels at its left are a picture of their own, which stays where it is while the other one scrolls.
 */
export const chartOf = (
  text: string,
  asked: PlotOptions & { readonly height: number; readonly marginLeft: number },
): Html => {
  const options = { ...MARGINS, ...asked, width: WIDTH }
  const svg = plot({ ...options, document, className: 'chart', ariaLabel: text })
  svg.setAttribute('role', 'img')
  const labels: string[] = []
  for (const group of svg.querySelectorAll('[aria-label="y-axis tick label"]')) {
    group.removeAttribute('aria-label')
    labels.push(group.outerHTML)
    group.remove()
  }
  // The parts of an image have no names of their own.
  for (const part of svg.querySelectorAll('[aria-label]')) part.removeAttribute('aria-label')
  // The policy of the page permits one style sheet, which has the rules of this one.
  for (const style of svg.querySelectorAll('style')) style.remove()
  const { height, marginTop, marginBottom, marginLeft } = options
  const shown = placed({ left: marginLeft, right: WIDTH, height })
  svg.setAttribute('viewBox', shown.viewBox)
  svg.setAttribute('width', shown.width)
  svg.setAttribute('preserveAspectRatio', 'xMinYMin meet')
  svg.removeAttribute('height')
  const aside = placed({ left: 0, right: marginLeft, height })
  return html`<div class="drawn"><svg class="chart labels" aria-hidden="true" viewBox="${aside.viewBox}" width="${aside.width}" preserveAspectRatio="xMaxYMin meet" fill="currentColor" text-anchor="middle">
<rect x="0" y="${marginTop}" width="${marginLeft}" height="${height - marginTop - marginBottom}" fill="var(--ground)"/>${new Html(labels.join(''))}
</svg>${new Html(svg.outerHTML)}</div>`
}

/** A part of a picture, at its share of the width. */
const placed = ({ left, right, height }: { left: number; right: number; height: number }) => ({
  viewBox: `${left} 0 ${right - left} ${height}`,
  width: `${((right - left) / WIDTH) * 100}%`,
})

/** A dashed line where the clocks change. It stands on a line of the ground: on a bar it could hardly be seen. */
export const clockChangeMarks = (days: readonly LocalDay[]): readonly Mark[] => {
  const changes = days.flatMap(({ clockChangesAt }) => clockChangesAt ?? [])
  return [
    ruleX(changes, { stroke: 'var(--ground)', strokeWidth: 6 }),
    ruleX(changes, { stroke: 'var(--care)', strokeWidth: 2.5, strokeDasharray: '5 4' }),
  ]
}

interface Column {
  readonly title: string
  readonly isNumber?: boolean
}

/** A table whose rows begin with their heading. */
export const tableOf = (
  columns: readonly Column[],
  rows: readonly (readonly Content[])[],
  caption: string,
): Content => html`<table>
<caption class="unseen">${caption}</caption>
<thead><tr>${columns.map(({ title, isNumber = false }) => html`<th scope="col"${isNumber ? NUMBER : ''}>${title}</th>`)}</tr></thead>
<tbody>
${rows.map(
  ([heading = '', ...cells]) =>
    html`<tr><th scope="row">${heading}</th>${cells.map((cell, index) => html`<td${columns[index + 1]?.isNumber ? NUMBER : ''}>${cell}</td>`)}</tr>
`,
)}</tbody>
</table>`

const NUMBER = html` class="number"`

/** A picture with its heading, and its numbers as a table. They are folded away at first, or always shown. */
export const pictureOf = ({
  id,
  title,
  notes,
  chart,
  numbers,
  shown = 'on request',
}: {
  readonly id: string
  readonly title: string
  readonly notes: readonly Content[]
  readonly chart: Html | undefined
  readonly numbers: Content
  readonly shown?: 'on request' | 'always'
}): Content => html`<section><h2 id="${id}">${title}</h2>
${notes.map((note) => html`<p class="quiet">${typeof note === 'string' ? withWholeInstants(note) : note}</p>`)}
${chart === undefined ? '' : scrolling(id, chart)}
<details${shown === 'always' ? html` open` : ''}><summary id="${id}-numbers">The numbers: ${title}</summary>${scrolling(`${id}-numbers`, numbers)}</details>
</section>`
