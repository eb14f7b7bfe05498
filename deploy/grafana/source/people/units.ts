import * as grafanaUnits from '@grafana/grafana-foundation-sdk/units'
import type { Row } from '../dashboard.ts'
import { bars } from '../graph.ts'
import { logTable } from '../log-table.ts'
import { palette, upwards } from '../palette.ts'
import { rows, series } from '../sql.ts'
import { stat } from '../stat.ts'

const half = { width: 12, height: 4, unit: grafanaUnits.NoUnit } as const
const none = { text: 'no data', colour: palette.muted } as const

const growth = (value: string) =>
  series(`select $__timeGroupAlias(recorded_at, $__interval), unit as metric, ${value} as value
from curfew.trail where $__timeFilter(recorded_at) and ('*' in (\${unit:sqlstring}) or unit in (\${unit:sqlstring}))
group by 1, 2
order by 1`)

/** Which replica holds what, and how the trail grows. */
export const units = (): Row => ({
  title: 'Units and their chains',
  panels: [
    stat({
      ...half,
      title: 'Units held',
      description: 'Units that some replica holds now.',
      runbook: 'CurfewUnitWithoutOwner',
      query: rows('select count(*) filter (where is_held) as value from curfew.holding'),
      calc: 'lastNotNull',
      unknown: none,
    }),
    stat({
      ...half,
      title: 'Units that nobody holds',
      description: 'Units without an owner now, also those that the configuration has no longer.',
      runbook: 'CurfewUnitWithoutOwner',
      query: rows('select count(*) filter (where not is_held) as value from curfew.holding'),
      calc: 'lastNotNull',
      steps: upwards({ watch: 1 }),
      unknown: none,
    }),
    logTable({
      title: 'Who holds what',
      description:
        'The units, the replica that was granted the newest tenure of each, and whether somebody holds the unit now. A unit that the configuration has no longer stays in the list.',
      runbook: 'CurfewUnitWithoutOwner',
      width: 24,
      height: 8,
      query: rows(`select unit as "Unit", case when is_held then holder end as "Held by", holder as "Last holder",
  granted_at as "Since", epoch as "Tenure", records as "Records", saved_at as "State saved"
from curfew.holding
where '*' in (\${unit:sqlstring}) or unit in (\${unit:sqlstring})
order by unit`),
    }),
    bars({
      title: 'Records, by unit',
      description: 'How many records the trail has gained.',
      runbook: 'CurfewAuditNotWritable',
      unit: grafanaUnits.NoUnit,
      width: 12,
      height: 7,
      lines: [growth('count(*)')],
    }),
    bars({
      title: 'Bytes, by unit',
      description: 'How much text that is. On disk the database adds its own headers and indexes to it.',
      runbook: 'CurfewAuditNotWritable',
      unit: grafanaUnits.BytesIEC,
      width: 12,
      height: 7,
      lines: [growth('sum(bytes)')],
    }),
  ],
})
