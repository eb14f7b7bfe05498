import {
  BigValueColorMode,
  BigValueGraphMode,
  BigValueTextMode,
  ReduceDataOptionsBuilder,
} from '@grafana/grafana-foundation-sdk/common'
import { MappingType, SpecialValueMatch, type ValueMapping } from '@grafana/grafana-foundation-sdk/dashboard'
import { PanelBuilder } from '@grafana/grafana-foundation-sdk/stat'
import { always, type Colour, palette, type Step } from './palette.ts'
import { atTheEnd, decimalsOf, type Frame, framed, type Query, thresholds } from './panel.ts'

/** A text that replaces a number. */
export interface Word {
  readonly text: string
  readonly colour: Colour
}

/** Texts for single values, and one for a missing value. */
export const words = (values: Readonly<Record<number, Word>>, unknown: Word): ValueMapping[] => [
  {
    type: MappingType.ValueToText,
    options: Object.fromEntries(
      Object.entries(values).map(([value, { text, colour }], index) => [value, { text, color: colour, index }]),
    ),
  },
  {
    type: MappingType.SpecialValue,
    options: {
      match: SpecialValueMatch.NullAndNan,
      result: { text: unknown.text, color: unknown.colour, index: Object.keys(values).length },
    },
  },
]

/** The text of a value whose daemon is gone. */
const NO_DAEMON: Word = { text: 'NO DAEMON', colour: palette.act }

interface Asked {
  readonly expr: string
  /** The name of each value, if there may be several. */
  readonly legend?: string
}

/** CloudWatch has no instant queries: the panel reduces the points of the range to one value. */
interface Reduced {
  readonly query: Query
  readonly calc: 'sum' | 'max' | 'lastNotNull'
  readonly unknown: Word
}

export const stat = (
  spec: Frame &
    (Asked | Reduced) & {
      /** Thresholds that colour the whole tile. */
      readonly steps?: readonly Step[]
      /** The colour of a number without thresholds. */
      readonly colour?: Colour
      readonly values?: Readonly<Record<number, Word>>
      readonly unknown?: Word
      readonly decimals?: number
    },
): PanelBuilder => {
  const hasThresholds = spec.steps !== undefined || spec.values !== undefined
  const query = 'query' in spec ? spec.query : atTheEnd(spec.expr, spec.legend)
  return framed(new PanelBuilder(), spec, [query])
    .thresholds(thresholds(spec.steps ?? always(spec.colour ?? palette.plain)))
    .mappings(words(spec.values ?? {}, spec.unknown ?? NO_DAEMON))
    .decimals(spec.decimals ?? decimalsOf(spec.unit))
    .colorMode(hasThresholds ? BigValueColorMode.BackgroundSolid : BigValueColorMode.Value)
    .graphMode(BigValueGraphMode.None)
    .textMode(BigValueTextMode.Auto)
    .reduceOptions(new ReduceDataOptionsBuilder().calcs(['calc' in spec ? spec.calc : 'lastNotNull']))
}
