/** The part of Observable Plot that Curfew uses. The package's own types need those of a browser and of D3. */
import type { Document, Element } from './linkedom.d.ts'

/** A value of a row, or the name of a field. */
type Channel<Row> = ((row: Row, index: number) => string | number) | string | number

interface MarkOptions<Row> {
  readonly x?: Channel<Row>
  readonly x1?: Channel<Row>
  readonly x2?: Channel<Row>
  readonly y?: Channel<Row>
  readonly y1?: Channel<Row>
  readonly y2?: Channel<Row>
  readonly text?: Channel<Row>
  /** What a pointing device shows. */
  readonly title?: Channel<Row>
  readonly fill?: Channel<Row>
  readonly fillOpacity?: Channel<Row>
  readonly stroke?: string
  readonly strokeWidth?: number
  readonly strokeDasharray?: string
  readonly curve?: 'step-after'
  readonly inset?: number
  readonly insetTop?: number
  readonly insetBottom?: number
  readonly dx?: number
  readonly r?: number
  readonly textAnchor?: 'start' | 'middle' | 'end'
}

export interface Mark {
  readonly data: unknown
}

type MarkOf = <Row>(rows: readonly Row[], options: MarkOptions<Row>) => Mark

export const areaY: MarkOf
export const barX: MarkOf
export const cell: MarkOf
export const dot: MarkOf
export const gridX: MarkOf
export const lineY: MarkOf
export const rectY: MarkOf
export const ruleX: MarkOf
export const ruleY: MarkOf
export const text: MarkOf
export const tickX: MarkOf

export interface Scale {
  readonly type?: 'linear' | 'band' | 'identity'
  readonly domain?: readonly (string | number)[]
  readonly range?: readonly number[]
  readonly ticks?: readonly (string | number)[] | number
  readonly tickFormat?: (value: number) => string
  readonly tickSize?: number
  readonly label?: string | null
  readonly axis?: 'top' | 'bottom' | 'left' | 'right' | 'both' | null
  readonly grid?: boolean
  readonly padding?: number
  readonly nice?: boolean
}

export interface PlotOptions {
  readonly width?: number
  readonly height?: number
  readonly marginTop?: number
  readonly marginRight?: number
  readonly marginBottom?: number
  readonly marginLeft?: number
  readonly x?: Scale
  readonly y?: Scale
  readonly opacity?: Scale
  readonly marks: readonly (Mark | null)[]
}

export function plot(
  options: PlotOptions & { readonly document: Document; readonly className: string; readonly ariaLabel: string },
): Element
