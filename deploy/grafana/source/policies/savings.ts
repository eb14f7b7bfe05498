import * as units from '@grafana/grafana-foundation-sdk/units'
import type { Row } from '../dashboard.ts'
import { inRange, ofPolicies, orZeroWhileWatched } from '../queries.ts'
import { stat } from '../stat.ts'
import { table } from '../table.ts'

const counted = (counter: string) => `sum by (policy) (${inRange(counter)})`
const ended = counted(ofPolicies('curfew_terminations_total', 'outcome="confirmed"'))
const cameBack = counted(ofPolicies('curfew_reconnects_total'))
const stayedAway = `clamp_min(${ended} - ${cameBack}, 0)`

const ASSUMPTION =
  'An estimate: sessions proven ended in this range, less those whose person came back within five minutes, times the hours that a session would have gone on. Nobody knows those hours: they are a guess, set above.'

/** What sessions that did not go on would have cost. */
export const savings = (): Row => ({
  title: 'What it saves: an estimate',
  panels: [
    stat({
      title: 'Connection-hours avoided',
      description: ASSUMPTION,
      runbook: 'CurfewReconnectLoop',
      unit: units.NoUnit,
      width: 6,
      height: 8,
      decimals: 1,
      expr: orZeroWhileWatched(`sum(${stayedAway}) * $hours`),
    }),
    stat({
      title: 'Cost avoided',
      description: `${ASSUMPTION} Times the price of a connection-hour, set above too. What AWS charges for the endpoint itself goes on.`,
      runbook: 'CurfewReconnectLoop',
      unit: units.Dollars,
      width: 6,
      height: 8,
      decimals: 2,
      expr: orZeroWhileWatched(`sum(${stayedAway}) * $hours * $price`),
    }),
    table({
      title: 'By policy',
      description: ASSUMPTION,
      runbook: 'CurfewReconnectLoop',
      unit: units.NoUnit,
      width: 12,
      height: 8,
      keys: { policy: 'Policy' },
      sortBy: 'Cost',
      columns: [
        { title: 'Ended', expr: ended, unit: units.NoUnit },
        { title: 'Came back', expr: cameBack, unit: units.NoUnit },
        { title: 'Hours', expr: `${stayedAway} * $hours`, unit: units.NoUnit, decimals: 1 },
        { title: 'Cost', expr: `${stayedAway} * $hours * $price`, unit: units.Dollars, decimals: 2 },
      ],
    }),
  ],
})
