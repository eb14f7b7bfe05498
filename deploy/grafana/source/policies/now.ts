import * as units from '@grafana/grafana-foundation-sdk/units'
import type { Row } from '../dashboard.ts'
import { palette, upwards } from '../palette.ts'
import { inRange, ofDaemons, ofPolicies, once, onEndpoints, orZeroWhileSeen, orZeroWhileWatched } from '../queries.ts'
import { stat } from '../stat.ts'

const sixth = { width: 4, height: 4, unit: units.NoUnit } as const
const quarter = { width: 6, height: 4, unit: units.NoUnit } as const
const blind = { text: 'BLIND', colour: palette.act }

const policiesIn = (mode: string) =>
  orZeroWhileWatched(`max(sum by (job, instance) (${ofDaemons(`curfew_policies{mode="${mode}"}`)}))`)
const dueIn = (mode: string) =>
  orZeroWhileSeen(`sum(${once(ofPolicies('curfew_due_connections', `mode="${mode}"`), 'policy')})`)
const counted = (metric: string, matchers = '') => orZeroWhileWatched(`sum(${inRange(ofPolicies(metric, matchers))})`)

/** What the policies do, and what they would do if enforced. */
export const now = (): Row => ({
  title: 'What the policies do, and what they would do if enforced',
  panels: [
    stat({
      ...sixth,
      title: 'Policies that enforce',
      description: 'Policies that end connections: the mode is enforce in the policy and in the daemon.',
      runbook: 'CurfewNotEnforcing',
      expr: policiesIn('enforce'),
    }),
    stat({
      ...sixth,
      title: 'Policies that only audit',
      description: 'Policies that only report which connections they would end.',
      runbook: 'CurfewNotEnforcing',
      expr: policiesIn('audit'),
      colour: palette.audit,
    }),
    stat({
      ...sixth,
      title: 'Due now',
      description:
        'Connections that are due under policies that enforce. They end as fast as AWS allows, unless the guard holds them. A connection that violates two policies counts twice.',
      runbook: 'CurfewEnforcementLate',
      expr: dueIn('enforce'),
      unknown: blind,
    }),
    stat({
      ...sixth,
      title: 'Due now in audit',
      description:
        'Connections that the audited policies would end at once if they were enforced now. The guard would hold them if they are too much of an endpoint. A connection that violates two policies counts twice.',
      runbook: 'CurfewGuardHolding',
      expr: dueIn('audit'),
      colour: palette.audit,
      unknown: blind,
    }),
    stat({
      ...sixth,
      title: 'Enforcement would have ended',
      description:
        'Violations of audited policies in this range: enforcement would have ended about as many connections. Not counted: violations before the first scrape, and users who would have reconnected and been ended again.',
      runbook: 'CurfewGuardHolding',
      expr: counted('curfew_violations_total', 'mode="audit"'),
      colour: palette.audit,
    }),
    stat({
      ...sixth,
      title: 'Unknown verdicts',
      description:
        'Verdicts without a needed fact, for example no user name where only certificates are used. These policies do not end these connections.',
      runbook: 'CurfewBanNotEffective',
      expr: orZeroWhileSeen(`sum(${once(ofPolicies('curfew_unknown_verdicts'), 'policy')})`),
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
      title: 'Reconnects',
      description: 'Reconnects in this range within five minutes of a termination.',
      runbook: 'CurfewReconnectLoop',
      expr: counted('curfew_reconnects_total'),
    }),
    stat({
      ...quarter,
      title: 'Warnings',
      description: 'Warnings before an end, once for each connection, policy and lead time.',
      runbook: 'CurfewNotificationsLost',
      expr: counted('curfew_warnings_total'),
    }),
    stat({
      ...quarter,
      title: 'Protected',
      description:
        'Connections that `protect` exempts from every policy. If there are many, the policies have little effect.',
      runbook: 'CurfewBanNotEffective',
      expr: `sum(${once(onEndpoints('curfew_protected_connections'))})`,
      unknown: blind,
    }),
  ],
})
