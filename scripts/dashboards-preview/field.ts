import type { Panel } from '@grafana/grafana-foundation-sdk/dashboard'
import { unitText } from './unit-text.ts'

interface Step {
  readonly value: number | null
  readonly color: string
}

interface Word {
  readonly text: string
  readonly color: string
}

type Mapping =
  | { readonly type: 'value'; readonly options: Readonly<Record<string, Word>> }
  | { readonly type: 'special'; readonly options: { readonly result: Word } }

/** The settings of a panel for the values of one name, after its overrides. */
export interface Field {
  readonly unit: string
  readonly decimals?: number
  readonly mappings?: readonly Mapping[]
  readonly thresholds?: { readonly steps: readonly Step[] }
  readonly color?: { readonly mode: string; readonly fixedColor?: string }
  readonly 'custom.cellOptions'?: { readonly type: string }
  readonly custom?: {
    readonly drawStyle?: string
    readonly axisSoftMax?: number
    readonly thresholdsStyle?: { readonly mode: string }
  }
}

export const fieldOf = ({ fieldConfig }: Panel, name: string): Field => ({
  ...(fieldConfig?.defaults as unknown as Field),
  ...Object.fromEntries(
    (fieldConfig?.overrides ?? [])
      .filter(({ matcher }) => matcher.options === name)
      .flatMap(({ properties }) => properties.map(({ id, value }) => [id, value])),
  ),
})

const PALETTE = ['green', 'orange', 'red', 'blue', 'purple']

/** A colour of Grafana as one of the page. */
export const colourOf = (colour: string): string => (PALETTE.includes(colour) ? `var(--${colour})` : colour)

/** A value, or none, as the reader sees it. */
export const shown = (field: Field, value: number | undefined): { readonly text: string; readonly colour?: string } => {
  const isMissing = value === undefined || Number.isNaN(value)
  for (const mapping of field.mappings ?? []) {
    const word =
      mapping.type === 'special' ? (isMissing ? mapping.options.result : undefined) : mapping.options[`${value}`]
    if (word !== undefined) return { text: word.text, colour: colourOf(word.color) }
  }
  if (isMissing) return { text: '' }
  const step = field.thresholds?.steps.findLast((one) => one.value === null || one.value <= value)
  return { text: unitText(value, field.unit, field.decimals), ...(step && { colour: colourOf(step.color) }) }
}
