import type { Panel } from '@grafana/grafana-foundation-sdk/dashboard'
import { html } from '../../src/adapters/html/html.ts'
import type { Answer } from './answer.ts'
import type { Drawn } from './drawn.ts'
import { fieldOf, shown } from './field.ts'

type Row = Readonly<Record<string, string | number>>

interface Organize {
  readonly indexByName: Readonly<Record<string, number>>
  readonly renameByName: Readonly<Record<string, string>>
}

/** Rows that agree in every label that both have become one, as by Grafana's transformation `merge`. */
const merged = (answers: readonly Answer[]): readonly Row[] => {
  const rows: Record<string, string | number>[] = []
  for (const { refId, series } of answers)
    for (const { labels, values } of series) {
      const same = rows.filter((row) => Object.entries(labels).every(([label, text]) => (row[label] ?? text) === text))
      const value = { ...labels, [`Value #${refId}`]: values.at(-1) ?? Number.NaN }
      if (same.length === 0) rows.push(value)
      for (const row of same) Object.assign(row, value)
    }
  return rows
}

/** Rows as they are. */
const listed = ({ columns, rows }: NonNullable<Answer['listing']>): Drawn => ({
  content: html`<div class="table"><table><thead><tr>${columns.map((column) => html`<th>${column}</th>`)}</tr></thead>
<tbody>${rows.map((row) => html`<tr>${row.map((text) => html`<td>${text}</td>`)}</tr>`)}</tbody></table></div>`,
  marks: rows.length,
})

export const table = (panel: Panel, answers: readonly Answer[]): Drawn => {
  const [{ listing } = {}] = answers
  if (listing !== undefined) return listed(listing)
  const { options } = panel.transformations?.find(({ id }) => id === 'organize') ?? {}
  const { indexByName, renameByName } = options as Organize
  const { sortBy = [] } = panel.options as {
    readonly sortBy?: readonly { readonly displayName: string; readonly desc: boolean }[]
  }
  const names = Object.keys(indexByName).toSorted((a, b) => (indexByName[a] ?? 0) - (indexByName[b] ?? 0))
  const titleOf = (name: string) => renameByName[name] ?? name
  const sorted = names.find((name) => titleOf(name) === sortBy[0]?.displayName) ?? ''
  const sign = sortBy[0]?.desc === false ? -1 : 1
  const rows = merged(answers).toSorted((a, b) => sign * (Number(b[sorted] ?? -1) - Number(a[sorted] ?? -1)))
  const cell = (row: Row, name: string) => {
    const value = row[name]
    if (!name.startsWith('Value #')) return html`<td>${value ?? ''}</td>`
    const field = fieldOf(panel, titleOf(name))
    const { text, colour } = shown(field, value as number | undefined)
    const isColoured =
      field['custom.cellOptions'] !== undefined && colour !== undefined && colour !== 'transparent' && text !== ''
    return html`<td class="value" style="${isColoured ? `background:${colour};color:var(--on-colour)` : ''}">${text}</td>`
  }
  return {
    content: html`<div class="table"><table><thead><tr>${names.map((name) => html`<th class="${name.startsWith('Value #') ? 'value' : ''}">${titleOf(name)}</th>`)}</tr></thead>
<tbody>${rows.map((row) => html`<tr>${names.map((name) => cell(row, name))}</tr>`)}</tbody></table></div>`,
    marks: rows.length,
  }
}
