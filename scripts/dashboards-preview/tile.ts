import type { Panel } from '@grafana/grafana-foundation-sdk/dashboard'
import { html } from '../../src/adapters/html/html.ts'
import { type Answer, nameOf } from './answer.ts'
import type { Drawn } from './drawn.ts'
import { fieldOf, shown } from './field.ts'
import { reduced } from './reduced.ts'

/** One large value, or one for each series. */
export const tile = (panel: Panel, answers: readonly Answer[]): Drawn => {
  const field = fieldOf(panel, '')
  const { colorMode, reduceOptions } = panel.options as {
    readonly colorMode: string
    readonly reduceOptions: { readonly calcs: readonly [string] }
  }
  const found = answers.flatMap((answer) =>
    answer.series.map((one) => ({ name: nameOf(answer, one), value: reduced(reduceOptions.calcs[0], one.values)[1] })),
  )
  const values = found.length === 0 ? [{ name: '', value: undefined }] : found
  return {
    content: html`<div class="tiles">${values.map(({ name, value }) => {
      const { text, colour = 'inherit' } = shown(field, value)
      const style = colorMode === 'background_solid' ? `background:${colour};color:var(--on-colour)` : `color:${colour}`
      // Grafana makes a text as large as its tile allows.
      const size = Math.min(34, (60 * (panel.gridPos?.w ?? 4)) / values.length / Math.max(1, text.length * 0.65))
      return html`<div class="tile" style="${style}">${values.length > 1 ? html`<small>${name}</small>` : ''}<b style="font-size:${size.toFixed(0)}px">${text === '' ? 'No data' : text}</b></div>`
    })}</div>`,
    marks: found.filter(({ value = Number.NaN }) => !Number.isNaN(value)).length,
  }
}
