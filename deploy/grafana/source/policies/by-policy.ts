import * as units from '@grafana/grafana-foundation-sdk/units'
import type { Row } from '../dashboard.ts'
import { palette, upwards } from '../palette.ts'
import { inRange, ofPolicies, once } from '../queries.ts'
import { words } from '../stat.ts'
import { table } from '../table.ts'

const current = (metric: string, matchers = '') => `sum by (policy) (${once(ofPolicies(metric, matchers), 'policy')})`
const counted = (metric: string, matchers = '') => `sum by (policy) (${inRange(ofPolicies(metric, matchers))})`
const dueIn = (mode: string) => ofPolicies('curfew_due_connections', `mode="${mode}"`)

/** One line for each policy. */
export const byPolicy = (): Row => ({
  title: 'Policy by policy',
  panels: [
    table({
      title: 'Policies',
      description:
        'Left: the current state of each policy, absent while its endpoints are blind. Right: what it found and did in this range. A policy in audit ends nothing: its violations are the connections that it would have ended.',
      runbook: 'CurfewGuardHolding',
      unit: units.NoUnit,
      width: 24,
      height: 10,
      keys: { policy: 'Policy' },
      sortBy: 'Violations',
      columns: [
        {
          title: 'Mode',
          expr: `max by (policy) (${dueIn('enforce')} * 0 + 1 or ${dueIn('audit')} * 0)`,
          unit: units.NoUnit,
          mappings: words(
            { 0: { text: 'audit', colour: palette.audit }, 1: { text: 'enforce', colour: palette.plain } },
            { text: 'unknown', colour: palette.watch },
          ),
        },
        { title: 'Due now', expr: current('curfew_due_connections'), unit: units.NoUnit },
        {
          title: 'Held now',
          expr: current('curfew_guard_held_connections'),
          unit: units.NoUnit,
          steps: upwards({ watch: 1 }),
        },
        {
          title: 'Unknown now',
          expr: current('curfew_unknown_verdicts'),
          unit: units.NoUnit,
          steps: upwards({ watch: 1 }),
        },
        { title: 'Violations', expr: counted('curfew_violations_total'), unit: units.NoUnit },
        { title: 'Warnings', expr: counted('curfew_warnings_total'), unit: units.NoUnit },
        { title: 'Ended', expr: counted('curfew_terminations_total', 'outcome="confirmed"'), unit: units.NoUnit },
        {
          title: 'Given up',
          expr: counted('curfew_terminations_total', 'outcome="gave-up"'),
          unit: units.NoUnit,
          steps: upwards({ act: 1 }),
        },
        { title: 'Reconnects', expr: counted('curfew_reconnects_total'), unit: units.NoUnit },
      ],
    }),
  ],
})
