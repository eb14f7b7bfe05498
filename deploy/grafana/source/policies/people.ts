import * as units from '@grafana/grafana-foundation-sdk/units'
import type { Row } from '../dashboard.ts'
import { bars, lines } from '../graph.ts'
import { ofPolicies, orNone, perBar } from '../queries.ts'
import type { Alert } from '../runbook.ts'

const third = { width: 8, height: 8, unit: units.NoUnit } as const

const barsByPolicy = (title: string, description: string, runbook: Alert, counter: string) =>
  bars({
    ...third,
    title,
    description,
    runbook,
    lines: [{ expr: orNone('policy', perBar(counter)), legend: '{{policy}}' }],
  })

const linesByPolicy = (title: string, description: string, runbook: Alert, gauge: string) =>
  lines({
    ...third,
    title,
    description,
    runbook,
    lines: [{ expr: orNone('policy', gauge), legend: '{{policy}}' }],
  })

/** What people feel of the policies. */
export const people = (): Row => ({
  title: 'What people feel',
  panels: [
    barsByPolicy(
      'Ended, by policy',
      'Connections that were ended and proven gone, by the policy that led.',
      'CurfewTerminationGaveUp',
      ofPolicies('curfew_terminations_total', 'outcome="confirmed"'),
    ),
    barsByPolicy(
      'Came back, by policy',
      'Who came back within five minutes of a cut, by the policy that cut. A session limit that people step around shows here.',
      'CurfewReconnectLoop',
      ofPolicies('curfew_reconnects_total'),
    ),
    barsByPolicy(
      'Warned, by policy',
      'Warnings that went out before an end. A policy that ends without warning has no `warn`.',
      'CurfewNotificationsLost',
      ofPolicies('curfew_warnings_total'),
    ),
    bars({
      ...third,
      title: 'Violations, by reason',
      description: 'Connections that came to violate a policy, whatever its mode, by reason.',
      runbook: 'CurfewNotEnforcing',
      lines: [
        {
          expr: orNone('reason', perBar(ofPolicies('curfew_violations_total'))),
          legend: '{{reason}}',
        },
      ],
    }),
    linesByPolicy(
      'Doubts, by policy',
      'Connections that lack a fact the policy needs, and that it therefore keeps. `curfew explain` names the fact.',
      'CurfewBanNotEffective',
      ofPolicies('curfew_unknown_verdicts'),
    ),
    linesByPolicy(
      'Held by the guard, by policy',
      'Connections that an edit would have ended after the fact. They stay until somebody releases them or mends the edit.',
      'CurfewGuardHolding',
      ofPolicies('curfew_guard_held_connections'),
    ),
  ],
})
