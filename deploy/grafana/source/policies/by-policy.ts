import * as units from '@grafana/grafana-foundation-sdk/units'
import type { Row } from '../dashboard.ts'
import { palette, upwards } from '../palette.ts'
import { inRange, ofPolicies } from '../queries.ts'
import { words } from '../stat.ts'
import { table } from '../table.ts'

const standing = (metric: string, matchers = '') => `sum by (policy) (${ofPolicies(metric, matchers)})`
const counted = (metric: string, matchers = '') => `sum by (policy) (${inRange(ofPolicies(metric, matchers))})`
const condemned = (mode: string) => ofPolicies('curfew_due_connections', `mode="${mode}"`)

/** Each policy in one line. */
export const byPolicy = (): Row => ({
  title: 'Policy by policy',
  panels: [
    table({
      title: 'Policies',
      description:
        'Left: how each policy stands now, missing while its endpoints are blind. Right: what it found and did in this range. A policy in audit ends nobody: its violations are what it would have ended.',
      runbook: 'CurfewGuardHolding',
      unit: units.NoUnit,
      width: 24,
      height: 10,
      keys: { policy: 'Policy' },
      sortBy: 'Violations',
      columns: [
        {
          title: 'Mode',
          expr: `max by (policy) (${condemned('enforce')} * 0 + 1 or ${condemned('audit')} * 0)`,
          unit: units.NoUnit,
          mappings: words(
            { 0: { text: 'audit', colour: palette.audit }, 1: { text: 'enforce', colour: palette.plain } },
            { text: 'unknown', colour: palette.watch },
          ),
        },
        { title: 'Past deadline now', expr: standing('curfew_due_connections'), unit: units.NoUnit },
        {
          title: 'Held now',
          expr: standing('curfew_guard_held_connections'),
          unit: units.NoUnit,
          steps: upwards({ watch: 1 }),
        },
        {
          title: 'Doubts now',
          expr: standing('curfew_unknown_verdicts'),
          unit: units.NoUnit,
          steps: upwards({ watch: 1 }),
        },
        { title: 'Violations', expr: counted('curfew_violations_total'), unit: units.NoUnit },
        { title: 'Warned', expr: counted('curfew_warnings_total'), unit: units.NoUnit },
        { title: 'Ended', expr: counted('curfew_terminations_total', 'outcome="confirmed"'), unit: units.NoUnit },
        {
          title: 'Given up',
          expr: counted('curfew_terminations_total', 'outcome="gave-up"'),
          unit: units.NoUnit,
          steps: upwards({ act: 1 }),
        },
        { title: 'Came back', expr: counted('curfew_reconnects_total'), unit: units.NoUnit },
      ],
    }),
  ],
})
