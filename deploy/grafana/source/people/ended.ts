import * as grafanaUnits from '@grafana/grafana-foundation-sdk/units'
import type { Row } from '../dashboard.ts'
import { bars } from '../graph.ts'
import { logTable } from '../log-table.ts'
import { palette, upwards } from '../palette.ts'
import { counted, ENDS, recorded, rows } from '../sql.ts'
import { stat } from '../stat.ts'

const quarter = { width: 6, height: 4, unit: grafanaUnits.NoUnit } as const
const third = { width: 8, height: 8, unit: grafanaUnits.NoUnit } as const
const none = { text: 'no data', colour: palette.muted } as const

const CONFIRMED = `event = 'outcome' and outcome = 'confirmed'`
const OVER = `event in ('outcome', 'gave-up') and outcome in (${ENDS})`

/** Whose sessions ended. */
export const ended = (): Row => ({
  title: 'Ended sessions',
  panels: [
    stat({
      ...quarter,
      title: 'Ended',
      description: 'Sessions that Curfew ended in this range and proved gone.',
      runbook: 'CurfewGuardHolding',
      query: rows(`select count(*) as value from ${recorded(CONFIRMED)}`),
      calc: 'lastNotNull',
      unknown: none,
    }),
    stat({
      ...quarter,
      title: 'People',
      description: 'How many people and devices these sessions belonged to.',
      runbook: 'CurfewGuardHolding',
      query: rows(`select count(distinct principal) as value from ${recorded(CONFIRMED)}`),
      calc: 'lastNotNull',
      unknown: none,
    }),
    stat({
      ...quarter,
      title: 'Given up',
      description: 'Terminations in this range whose session was still there after all attempts.',
      runbook: 'CurfewTerminationGaveUp',
      query: rows(`select count(*) as value from ${recorded(`event = 'gave-up'`)}`),
      calc: 'lastNotNull',
      steps: upwards({ act: 1 }),
      unknown: none,
    }),
    stat({
      ...quarter,
      title: 'Would have ended',
      description: 'Sessions that a policy in audit or held by the guard would have ended in this range.',
      runbook: 'CurfewGuardHolding',
      query: rows(`select count(*) as value from ${recorded(`event = 'would-end'`)}`),
      calc: 'lastNotNull',
      colour: palette.audit,
      unknown: none,
    }),
    bars({
      ...third,
      title: 'Ended, by policy',
      description: 'Sessions that were ended and proven gone, by leading policy.',
      runbook: 'CurfewGuardHolding',
      lines: [counted('policy', CONFIRMED)],
    }),
    bars({
      ...third,
      title: 'Ended, by unit',
      description: 'Sessions that were ended and proven gone, by account and Region.',
      runbook: 'CurfewGuardHolding',
      lines: [counted('unit', CONFIRMED)],
    }),
    bars({
      ...third,
      title: 'Terminations, by outcome',
      description: 'What became of terminations: proven gone, gone before the call, refused for now, or given up.',
      runbook: 'CurfewTerminationGaveUp',
      lines: [counted('outcome', OVER)],
      colours: { confirmed: palette.good, failed: palette.watch, 'gave-up': palette.act },
    }),
    logTable({
      title: 'People whose sessions ended',
      description: 'Each person or device with the number of ended sessions, the policies and the last one.',
      runbook: 'CurfewReconnectLoop',
      width: 10,
      height: 10,
      query: rows(`select principal as "Person", count(*) as "Ended", string_agg(distinct policy, ', ') as "Policies",
  max(time) as "Last"
from ${recorded(CONFIRMED)}
group by principal
order by count(*) desc, principal
limit 200`),
    }),
    logTable({
      title: 'Last terminations',
      description: 'The newest terminations that are over, with the policy and its reason in words.',
      runbook: 'CurfewTerminationGaveUp',
      width: 14,
      height: 10,
      query:
        rows(`select time as "Time", principal as "Person", outcome as "Outcome", policy as "Policy", because as "Because",
  endpoint_id as "Endpoint", unit as "Unit", connection_id as "Connection"
from ${recorded(OVER)}
order by recorded_at desc, seq desc
limit 200`),
    }),
  ],
})
