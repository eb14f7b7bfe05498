import * as units from '@grafana/grafana-foundation-sdk/units'
import type { Row } from '../dashboard.ts'
import { inRange, ofPolicies, orZeroWhileWatched } from '../queries.ts'
import { stat } from '../stat.ts'
import { table } from '../table.ts'

const counted = (counter: string) => `sum by (policy) (${inRange(counter)})`
const ended = counted(ofPolicies('curfew_terminations_total', 'outcome="confirmed"'))
const reconnects = counted(ofPolicies('curfew_reconnects_total'))
const endedForGood = `clamp_min(${ended} - ${reconnects}, 0)`

const ASSUMPTION =
  'An estimate: confirmed terminations in this range, less reconnects within five minutes, times the hours that a connection would have continued. These hours cannot be measured: the number is your guess, set above.'

/** The cost that the terminated connections would have had. */
export const savings = (): Row => ({
  title: 'Savings: an estimate',
  folded: true,
  panels: [
    stat({
      title: 'Connection-hours avoided',
      description: ASSUMPTION,
      runbook: 'CurfewReconnectLoop',
      unit: units.NoUnit,
      width: 6,
      height: 8,
      decimals: 1,
      expr: orZeroWhileWatched(`sum(${endedForGood}) * $hours`),
    }),
    stat({
      title: 'Cost avoided',
      description: `${ASSUMPTION} The result is multiplied by the price of a connection-hour, also set above. AWS's charge for the endpoint itself does not change.`,
      runbook: 'CurfewReconnectLoop',
      unit: units.Dollars,
      width: 6,
      height: 8,
      decimals: 2,
      expr: orZeroWhileWatched(`sum(${endedForGood}) * $hours * $price`),
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
        { title: 'Reconnects', expr: reconnects, unit: units.NoUnit },
        { title: 'Hours', expr: `${endedForGood} * $hours`, unit: units.NoUnit, decimals: 1 },
        { title: 'Cost', expr: `${endedForGood} * $hours * $price`, unit: units.Dollars, decimals: 2 },
      ],
    }),
  ],
})
