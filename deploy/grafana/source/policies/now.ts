import * as units from '@grafana/grafana-foundation-sdk/units'
import type { Row } from '../dashboard.ts'
import { palette, upwards } from '../palette.ts'
import { inRange, ofDaemons, ofPolicies, onEndpoints, orZeroWhileSeen, orZeroWhileWatched } from '../queries.ts'
import { stat } from '../stat.ts'

const sixth = { width: 4, height: 4, unit: units.NoUnit } as const
const quarter = { width: 6, height: 4, unit: units.NoUnit } as const
const blind = { text: 'BLIND', colour: palette.act }

const inForce = (mode: string) =>
  orZeroWhileWatched(`max(sum by (job, instance) (${ofDaemons(`curfew_policies{mode="${mode}"}`)}))`)
const pastDeadline = (mode: string) => orZeroWhileSeen(`sum(${ofPolicies('curfew_due_connections', `mode="${mode}"`)})`)
const counted = (metric: string, matchers = '') => orZeroWhileWatched(`sum(${inRange(ofPolicies(metric, matchers))})`)

/** What the policies do, and would do. */
export const now = (): Row => ({
  title: 'What the policies do, and would do',
  panels: [
    stat({
      ...sixth,
      title: 'Policies that enforce',
      description: 'Policies in force that end sessions: mode enforce in the policy and in the daemon.',
      runbook: 'CurfewNotEnforcing',
      expr: inForce('enforce'),
    }),
    stat({
      ...sixth,
      title: 'Policies that only audit',
      description: 'Policies in force that only tell what they would end.',
      runbook: 'CurfewNotEnforcing',
      expr: inForce('audit'),
      colour: palette.audit,
    }),
    stat({
      ...sixth,
      title: 'To end now',
      description:
        'Connections past their deadline under policies that enforce. They go as fast as AWS allows, unless the guard holds them. One that two policies condemn counts twice.',
      runbook: 'CurfewEnforcementLate',
      expr: pastDeadline('enforce'),
      unknown: blind,
    }),
    stat({
      ...sixth,
      title: 'Enforcing would end now',
      description:
        'Connections that the audited policies would end at once if they were enforced this moment. The guard would hold it where it is much of an endpoint. One that two policies condemn counts twice.',
      runbook: 'CurfewGuardHolding',
      expr: pastDeadline('audit'),
      colour: palette.audit,
      unknown: blind,
    }),
    stat({
      ...sixth,
      title: 'Enforcing would have ended',
      description:
        'Connections that came to violate an audited policy in this range: about as many would have been ended. Left out: what it found before Prometheus first asked, and those who would have come back and been ended again.',
      runbook: 'CurfewGuardHolding',
      expr: counted('curfew_violations_total', 'mode="audit"'),
      colour: palette.audit,
    }),
    stat({
      ...sixth,
      title: 'Doubts',
      description:
        'Verdicts that lack a fact, such as a user name where only certificates are used. Doubt keeps the session: these policies do nothing for these connections.',
      runbook: 'CurfewBanNotEffective',
      expr: orZeroWhileSeen(`sum(${ofPolicies('curfew_unknown_verdicts')})`),
      steps: upwards({ watch: 1 }),
      unknown: blind,
    }),
    stat({
      ...quarter,
      title: 'Ended',
      description: 'Connections that these policies ended in this range, proven gone.',
      runbook: 'CurfewTerminationGaveUp',
      expr: counted('curfew_terminations_total', 'outcome="confirmed"'),
    }),
    stat({
      ...quarter,
      title: 'Came back',
      description: 'How often, in this range, somebody came back within five minutes of a cut.',
      runbook: 'CurfewReconnectLoop',
      expr: counted('curfew_reconnects_total'),
    }),
    stat({
      ...quarter,
      title: 'Warned',
      description: 'Warnings of an end to come, once for each connection, policy and lead time.',
      runbook: 'CurfewNotificationsLost',
      expr: counted('curfew_warnings_total'),
    }),
    stat({
      ...quarter,
      title: 'Protected',
      description:
        'Connections that protect exempts from every policy. More than a few, and the policies hardly matter.',
      runbook: 'CurfewBanNotEffective',
      expr: `sum(max by (vpn_endpoint) (${onEndpoints('curfew_protected_connections')}))`,
      unknown: blind,
    }),
  ],
})
