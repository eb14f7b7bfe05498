import type { Dashboard, Panel } from '@grafana/grafana-foundation-sdk/dashboard'
import { type Content, html } from '../../src/adapters/html/html.ts'
import type { Answer, Range } from './answer.ts'
import type { Drawn } from './drawn.ts'
import { graph } from './graph.ts'
import { PREVIEW_STYLE } from './preview-style.ts'
import { table } from './table.ts'
import { tile } from './tile.ts'

/** The width of a dashboard in a window of 1600 pixels. */
const WIDTH = 1552
/** Grafana's grid: the height of one unit, the space between two, and the heading of a panel. */
const [UNIT, SPACE, HEADING] = [30, 8, 32]

/** The inside of one panel, with the answers to its queries. */
export const draw = (panel: Panel, answers: readonly Answer[], range: Range): Drawn => {
  const { w = 24, h = 8 } = panel.gridPos ?? {}
  const size = { width: (WIDTH / 24) * w - SPACE - 16, height: h * (UNIT + SPACE) - SPACE - HEADING - 8 }
  switch (panel.type) {
    case 'stat':
      return tile(panel, answers)
    case 'table':
      return table(panel, answers)
    case 'timeseries':
      return graph(panel, answers, range, size)
    default:
      throw new Error(`the preview cannot draw a panel of the type ${panel.type}`)
  }
}

interface Drawing extends Drawn {
  readonly isSample: boolean
}

interface Section {
  readonly title: string
  readonly isFolded: boolean
  readonly panels: readonly Panel[]
}

const sectionsOf = ({ panels = [] }: Dashboard): readonly Section[] => {
  const sections: { title: string; isFolded: boolean; panels: Panel[] }[] = []
  for (const one of panels)
    if (one.type === 'row') {
      const {
        title = '',
        collapsed,
        panels: folded = [],
      } = one as { title?: string; collapsed?: boolean; panels?: Panel[] }
      sections.push({ title, isFolded: collapsed === true, panels: [...folded] })
    } else sections.at(-1)?.panels.push(one as Panel)
  return sections
}

const panelOf = (panel: Panel, top: number, { content, isSample }: Drawing): Content => {
  const { x = 0, y = 0, w = 24, h = 8 } = panel.gridPos ?? {}
  return html`<article id="panel-${panel.id ?? 0}" style="grid-area:${y - top + 1} / ${x + 1} / span ${h} / span ${w}"><h3 title="${panel.description ?? ''}">${panel.title ?? ''}${isSample ? html` <em>sample values</em>` : ''}</h3>
${content}</article>
`
}

/** A dashboard in a page of its own. Its rows are as its reader finds them: open or folded. */
export const page = (dashboard: Dashboard, drawingOf: (panel: Panel) => Drawing): string =>
  html`<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>${dashboard.title ?? ''}</title><style>${PREVIEW_STYLE}</style></head>
<body><h1>${dashboard.title ?? ''}</h1>
${sectionsOf(dashboard).map(({ title, isFolded, panels }) => {
  const top = Math.min(...panels.map(({ gridPos }) => gridPos?.y ?? 0))
  return html`<details${isFolded ? '' : html` open`}><summary>${title} <small>${panels.length} ${panels.length === 1 ? 'panel' : 'panels'}</small></summary><section>${panels.map((panel) => panelOf(panel, top, drawingOf(panel)))}</section></details>
`
})}</body></html>
`.text
