import { TableCellDisplayMode, TableSortByFieldStateBuilder } from '@grafana/grafana-foundation-sdk/common'
import type { DynamicConfigValue, ValueMapping } from '@grafana/grafana-foundation-sdk/dashboard'
import { PanelBuilder } from '@grafana/grafana-foundation-sdk/table'
import { palette, type Step } from './palette.ts'
import { asTable, decimalsOf, type Frame, framed, refIdOf, thresholds } from './panel.ts'

interface Column {
  readonly title: string
  /** One value for each row: aggregated by all keys or by some. */
  readonly expr: string
  readonly unit: string
  readonly decimals?: number
  /** Thresholds that colour the cell. */
  readonly steps?: readonly Step[]
  readonly mappings?: ValueMapping[]
}

/** Among many cells, only those that need a look have a colour. */
const quiet = (step: Step): Step => (step.colour === palette.good ? { ...step, colour: palette.none } : step)

const coloured = { type: TableCellDisplayMode.ColorBackground }

const propertiesOf = ({ unit, decimals = decimalsOf(unit), steps, mappings }: Column): DynamicConfigValue[] => [
  { id: 'unit', value: unit },
  { id: 'decimals', value: decimals },
  ...(steps === undefined ? [] : [{ id: 'thresholds', value: thresholds(steps.map(quiet)).build() }]),
  ...(mappings === undefined ? [] : [{ id: 'mappings', value: mappings }]),
  ...(steps === undefined && mappings === undefined ? [] : [{ id: 'custom.cellOptions', value: coloured }]),
]

/** A table with a row for each value of the keys and a column for each query. */
export const table = (
  spec: Frame & {
    /** The labels, and the titles of their columns. */
    readonly keys: Readonly<Record<string, string>>
    readonly columns: readonly [Column, ...Column[]]
    readonly sortBy: string
    /** The smallest value is first. Otherwise the largest is. */
    readonly ascending?: true
  },
): PanelBuilder => {
  const { keys, columns, sortBy, ascending = false } = spec
  const [first, ...others] = columns
  const valueNames = columns.map((_, index) => `Value #${refIdOf(index)}`)
  const panel = framed(new PanelBuilder(), spec, [asTable(first.expr), ...others.map(({ expr }) => asTable(expr))])
    .sortBy([new TableSortByFieldStateBuilder().displayName(sortBy).desc(!ascending)])
    .withTransformation({ id: 'merge', options: {} })
    .withTransformation({
      id: 'organize',
      options: {
        excludeByName: { Time: true },
        indexByName: Object.fromEntries([...Object.keys(keys), ...valueNames].map((name, index) => [name, index])),
        renameByName: {
          ...keys,
          // Grafana calls a single column with data "Value". It is the first: that one has data even for blind
          // endpoints.
          Value: first.title,
          ...Object.fromEntries(columns.map(({ title }, index) => [valueNames[index], title])),
        },
      },
    })
  for (const column of columns) panel.overrideByName(column.title, propertiesOf(column))
  return panel
}
