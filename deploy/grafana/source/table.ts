import { TableCellDisplayMode, TableSortByFieldStateBuilder } from '@grafana/grafana-foundation-sdk/common'
import type { DynamicConfigValue, ValueMapping } from '@grafana/grafana-foundation-sdk/dashboard'
import { PanelBuilder } from '@grafana/grafana-foundation-sdk/table'
import type { Step } from './palette.ts'
import { asTable, type Frame, framed, refIdOf, thresholds } from './panel.ts'

interface Column {
  readonly title: string
  /** One value a row: aggregated by the keys, or by some of them. */
  readonly expr: string
  readonly unit: string
  readonly decimals?: number
  /** Colours the cell. */
  readonly steps?: readonly Step[]
  readonly mappings?: ValueMapping[]
}

const coloured = { type: TableCellDisplayMode.ColorBackground }

const propertiesOf = ({ unit, decimals = 0, steps, mappings }: Column): DynamicConfigValue[] => [
  { id: 'unit', value: unit },
  { id: 'decimals', value: decimals },
  ...(steps === undefined ? [] : [{ id: 'thresholds', value: thresholds(steps).build() }]),
  ...(mappings === undefined ? [] : [{ id: 'mappings', value: mappings }]),
  ...(steps === undefined && mappings === undefined ? [] : [{ id: 'custom.cellOptions', value: coloured }]),
]

/** A row for each value of the keys, a column for each query. */
export const table = (
  spec: Frame & {
    /** Labels and what their columns are called. */
    readonly keys: Readonly<Record<string, string>>
    readonly columns: readonly [Column, ...Column[]]
    /** The column by which rows come, the largest first. */
    readonly sortBy: string
  },
): PanelBuilder => {
  const { keys, columns, sortBy } = spec
  const [first] = columns
  const valueNames = columns.map((_, index) => `Value #${refIdOf(index)}`)
  const queries = columns.map(({ expr }) => asTable(expr))
  const panel = framed(new PanelBuilder(), spec, queries)
    .sortBy([new TableSortByFieldStateBuilder().displayName(sortBy).desc(true)])
    .withTransformation({ id: 'merge', options: {} })
    .withTransformation({
      id: 'organize',
      options: {
        excludeByName: { Time: true },
        indexByName: Object.fromEntries([...Object.keys(keys), ...valueNames].map((name, index) => [name, index])),
        renameByName: {
          ...keys,
          // What Grafana calls a column whose query alone has an answer: the first has one even of the blind.
          Value: first.title,
          ...Object.fromEntries(columns.map(({ title }, index) => [valueNames[index], title])),
        },
      },
    })
  for (const column of columns) panel.overrideByName(column.title, propertiesOf(column))
  return panel
}
