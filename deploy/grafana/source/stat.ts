import {
  BigValueColorMode,
  BigValueGraphMode,
  BigValueTextMode,
  ReduceDataOptionsBuilder,
} from '@grafana/grafana-foundation-sdk/common'
import { MappingType, SpecialValueMatch, type ValueMapping } from '@grafana/grafana-foundation-sdk/dashboard'
import { PanelBuilder } from '@grafana/grafana-foundation-sdk/stat'
import { always, type Colour, palette, type Step } from './palette.ts'
import { atTheEnd, type Frame, framed, thresholds } from './panel.ts'

/** A word in place of a number. */
export interface Word {
  readonly text: string
  readonly colour: Colour
}

/** Words for single values, and one for no value at all. */
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

/** What a number says when its daemon is gone. */
const NO_DAEMON: Word = { text: 'NO DAEMON', colour: palette.act }

export const stat = (
  spec: Frame & {
    readonly expr: string
    /** Names the values where there may be several. */
    readonly legend?: string
    /** Judge the number, and fill its tile. */
    readonly steps?: readonly Step[]
    /** Of a number that nobody judges. */
    readonly colour?: Colour
    readonly values?: Readonly<Record<number, Word>>
    readonly unknown?: Word
    readonly decimals?: number
  },
): PanelBuilder => {
  const isJudged = spec.steps !== undefined || spec.values !== undefined
  return framed(new PanelBuilder(), spec, [atTheEnd(spec.expr, spec.legend)])
    .thresholds(thresholds(spec.steps ?? always(spec.colour ?? palette.plain)))
    .mappings(words(spec.values ?? {}, spec.unknown ?? NO_DAEMON))
    .decimals(spec.decimals ?? 0)
    .colorMode(isJudged ? BigValueColorMode.BackgroundSolid : BigValueColorMode.Value)
    .graphMode(BigValueGraphMode.None)
    .textMode(BigValueTextMode.Auto)
    .reduceOptions(new ReduceDataOptionsBuilder().calcs(['lastNotNull']))
}
