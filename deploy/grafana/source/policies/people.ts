import * as units from '@grafana/grafana-foundation-sdk/units'
import type { Row } from '../dashboard.ts'
import { bars, lines } from '../graph.ts'
import { ofPolicies, once, orNone, perBar } from '../queries.ts'
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
    lines: [{ expr: orNone('policy', once(gauge, 'policy')), legend: '{{policy}}' }],
  })

/** The effects of the policies on users. */
export const people = (): Row => ({
  title: 'Effects on users',
  panels: [
    barsByPolicy(
      'Ended, by policy',
      'Connections that were ended and proven gone, by leading policy.',
      'CurfewTerminationGaveUp',
      ofPolicies('curfew_terminations_total', 'outcome="confirmed"'),
    ),
    barsByPolicy(
      'Reconnects, by policy',
      'Reconnects within five minutes of a termination, by the policy that ended the connection. A session limit that users evade shows here.',
      'CurfewReconnectLoop',
      ofPolicies('curfew_reconnects_total'),
    ),
    barsByPolicy(
      'Warnings, by policy',
      'Warnings that were sent before an end. A policy without `warn` sends none.',
      'CurfewNotificationsLost',
      ofPolicies('curfew_warnings_total'),
    ),
    bars({
      ...third,
      title: 'Violations, by reason',
      description: 'Violations whose deadline has passed, in both modes, by reason.',
      runbook: 'CurfewNotEnforcing',
      lines: [
        {
          expr: orNone('reason', perBar(ofPolicies('curfew_violations_total'))),
          legend: '{{reason}}',
        },
      ],
    }),
    linesByPolicy(
      'Unknown verdicts, by policy',
      'Connections without a fact that the policy needs: the policy does not end them. `curfew explain` names the fact. A short peak that is as high as all connections of an endpoint is a late poll: the fact is a fresh snapshot.',
      'CurfewBanNotEffective',
      ofPolicies('curfew_unknown_verdicts'),
    ),
    linesByPolicy(
      'Held by the guard, by policy',
      'Connections that a changed policy would end, and that the guard holds. They stay up until an operator fixes the policy or confirms it with `guard: off`.',
      'CurfewGuardHolding',
      ofPolicies('curfew_guard_held_connections'),
    ),
  ],
})
