import {
  GraphDrawStyle,
  GraphThresholdsStyleConfigBuilder,
  GraphThresholdsStyleMode,
  LegendDisplayMode,
  LegendPlacement,
  SortOrder,
  StackingConfigBuilder,
  StackingMode,
  TooltipDisplayMode,
  VisibilityMode,
  VizLegendOptionsBuilder,
  VizTooltipOptionsBuilder,
} from '@grafana/grafana-foundation-sdk/common'
import { FieldColorBuilder, FieldColorModeId } from '@grafana/grafana-foundation-sdk/dashboard'
import { PanelBuilder } from '@grafana/grafana-foundation-sdk/timeseries'
import { type Colour, palette } from './palette.ts'
import { type Frame, framed, overTime, type Query, thresholds } from './panel.ts'

interface Line {
  readonly expr: string
  readonly legend: string
}

interface GraphSpec extends Frame {
  readonly lines: readonly [Line | Query, ...(Line | Query)[]]
  /**
   * By legend. Every other line is a shade of one colour, without a meaning. Without any, each name has a colour of its
   * own, the same on every panel: Grafana's shades of one colour are too close to be told apart.
   */
  readonly colours?: Readonly<Record<string, Colour>>
}

const byName = new FieldColorBuilder().mode(FieldColorModeId.PaletteClassicByName)
const shadesOfPlain = new FieldColorBuilder().mode(FieldColorModeId.Shades).fixedColor(palette.plain)

/** A shorter bar would contain fewer scrapes than its rate needs. */
const SHORTEST_BAR = '1m'

const queryOf = (line: Line | Query): Query => ('expr' in line ? overTime(line.expr, line.legend) : line)

const graph = (spec: GraphSpec, calcs: string[]): PanelBuilder => {
  const [first, ...others] = spec.lines
  const panel = framed(new PanelBuilder(), spec, [queryOf(first), ...others.map(queryOf)])
    .min(0)
    .colorScheme(spec.colours === undefined ? byName : shadesOfPlain)
    .tooltip(new VizTooltipOptionsBuilder().mode(TooltipDisplayMode.Multi).sort(SortOrder.Descending))
    .legend(
      new VizLegendOptionsBuilder()
        .showLegend(true)
        .displayMode(LegendDisplayMode.List)
        .placement(LegendPlacement.Bottom)
        .calcs(calcs),
    )
  for (const [name, fixedColor] of Object.entries({ none: palette.muted, ...spec.colours }))
    panel.overrideByName(name, [{ id: 'color', value: { mode: FieldColorModeId.Fixed, fixedColor } }])
  return panel
}

/** A value over time. A gap means that the value was unknown: it is not bridged. */
export const lines = (
  spec: GraphSpec & {
    /** A dashed line that values should not exceed. It stays visible when all values are far below. */
    readonly limit?: number
  },
): PanelBuilder => {
  const panel = graph(spec, ['lastNotNull', 'max'])
    .drawStyle(GraphDrawStyle.Line)
    .lineWidth(1)
    .fillOpacity(10)
    .showPoints(VisibilityMode.Auto)
    .spanNulls(false)
  if (spec.limit === undefined) return panel
  return panel
    .axisSoftMax(spec.limit)
    .thresholds(
      thresholds([
        { from: null, colour: palette.good },
        { from: spec.limit, colour: palette.act },
      ]),
    )
    .thresholdsStyle(new GraphThresholdsStyleConfigBuilder().mode(GraphThresholdsStyleMode.Dashed))
}

/** A number of events: stacked bars, with their sum in the legend. */
export const bars = (spec: GraphSpec): PanelBuilder =>
  graph(spec, ['sum'])
    .interval(SHORTEST_BAR)
    .decimals(0)
    .drawStyle(GraphDrawStyle.Bars)
    .lineWidth(0)
    .fillOpacity(80)
    .axisSoftMax(1)
    .stacking(new StackingConfigBuilder().mode(StackingMode.Normal))
