import { parseHTML } from '#linkedom'
import { type PlotOptions, plot } from '#plot'
import { type Content, Html, html } from '../html/html.ts'
import { scrolling } from '../html/scrolling.ts'

const { document } = parseHTML('<!doctype html><html><body></body></html>')

/** The width of a chart, in CSS pixels at its full size. */
const WIDTH = 1040

/**
 * A chart as SVG. It takes its font and its colours from the page. `text` says what it shows to a reader who does not see
 * it.
 */
export const chartOf = (text: string, options: PlotOptions): Html => {
  const svg = plot({ width: WIDTH, ...options, document, className: 'chart', ariaLabel: text })
  svg.setAttribute('role', 'img')
  // The parts of an image have no names of their own.
  for (const part of svg.querySelectorAll('[aria-label]')) part.removeAttribute('aria-label')
  // The policy of the page permits one style sheet, which has the rules of this one.
  for (const style of svg.querySelectorAll('style')) style.remove()
  return new Html(svg.outerHTML)
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
${notes.map((note) => html`<p class="quiet">${note}</p>`)}
${chart === undefined ? '' : scrolling(id, chart)}
<details${shown === 'always' ? html` open` : ''}><summary id="${id}-numbers">The numbers: ${title}</summary>${scrolling(`${id}-numbers`, numbers)}</details>
</section>`
