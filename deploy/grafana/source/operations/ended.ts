import * as units from '@grafana/grafana-foundation-sdk/units'
import type { Row } from '../dashboard.ts'
import { bars, lines } from '../graph.ts'
import { palette, upwards } from '../palette.ts'
import { inRange, ofPolicies, once, orNone, perBar } from '../queries.ts'
import { table } from '../table.ts'

const half = { width: 12, height: 8, unit: units.NoUnit } as const

const inRangeBy = (outcome: string) =>
  `sum by (policy, reason) (${inRange(ofPolicies('curfew_terminations_total', `outcome="${outcome}"`))})`

/** Terminations by policy, reason and outcome. */
export const ended = (): Row => ({
  title: 'Terminations, and their reasons',
  folded: true,
  panels: [
    bars({
      ...half,
      title: 'Ended by reason',
      description: 'Connections that were ended and proven gone, by the reason of their policy.',
      runbook: 'CurfewGuardHolding',
      lines: [
        {
          expr: orNone('reason', perBar(ofPolicies('curfew_terminations_total', 'outcome="confirmed"'))),
          legend: '{{reason}}',
        },
      ],
    }),
    bars({
      ...half,
      title: 'Outcomes',
      description:
        'Terminations by outcome. Confirmed: proven gone. Already gone: the connection ended by itself. Failed: AWS refused the call, and Curfew tries again. Given up: still there after all attempts.',
      runbook: 'CurfewTerminationGaveUp',
      lines: [
        {
          expr: `sum by (outcome) (${perBar(ofPolicies('curfew_terminations_total'))})`,
          legend: '{{outcome}}',
        },
      ],
      colours: {
        confirmed: palette.plain,
        'already-gone': palette.muted,
        failed: palette.watch,
        'gave-up': palette.act,
      },
    }),
    table({
      ...half,
      title: 'Ended by policy and reason',
      description: 'Terminations of each policy in this range, by outcome.',
      runbook: 'CurfewTerminationGaveUp',
      keys: { policy: 'Policy', reason: 'Reason' },
      sortBy: 'Confirmed',
      columns: [
        { title: 'Confirmed', expr: inRangeBy('confirmed'), unit: units.NoUnit },
        { title: 'Already gone', expr: inRangeBy('already-gone'), unit: units.NoUnit },
        { title: 'Failed', expr: inRangeBy('failed'), unit: units.NoUnit, steps: upwards({ watch: 1 }) },
        { title: 'Given up', expr: inRangeBy('gave-up'), unit: units.NoUnit, steps: upwards({ act: 1 }) },
      ],
    }),
    lines({
      ...half,
      title: 'Held by the guard, by policy',
      description:
        'Connections that a changed policy would end, and that the guard holds because they are too much of an endpoint. An operator must fix the policy or confirm it with `guard: off`.',
      runbook: 'CurfewGuardHolding',
      lines: [
        {
          expr: orNone('policy', once(ofPolicies('curfew_guard_held_connections'), 'policy')),
          legend: '{{policy}}',
        },
      ],
    }),
  ],
})
