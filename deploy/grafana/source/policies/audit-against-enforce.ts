import * as units from '@grafana/grafana-foundation-sdk/units'
import type { Row } from '../dashboard.ts'
import { bars, lines } from '../graph.ts'
import { palette } from '../palette.ts'
import { ofPolicies, once, orNone, perBar } from '../queries.ts'

const third = { width: 8, height: 8, unit: units.NoUnit } as const
const colours = { audit: palette.audit, enforce: palette.plain, held: palette.watch }

/** What would change if the audited policies were enforced. */
export const auditAgainstEnforce = (): Row => ({
  title: 'Audit against enforce',
  panels: [
    lines({
      ...third,
      title: 'Due, by mode',
      description:
        'In enforce the line falls back to zero. In audit it stays: enforcement would have ended these connections.',
      runbook: 'CurfewEnforcementLate',
      lines: [
        { expr: `sum by (mode) (${once(ofPolicies('curfew_due_connections'), 'policy', 'mode')})`, legend: '{{mode}}' },
      ],
      colours,
    }),
    bars({
      ...third,
      title: 'Violations, by mode',
      description: 'Violations whose deadline has passed. In audit they have no effect.',
      runbook: 'CurfewNotEnforcing',
      lines: [{ expr: `sum by (mode) (${perBar(ofPolicies('curfew_violations_total'))})`, legend: '{{mode}}' }],
      colours,
    }),
    bars({
      ...third,
      title: 'What enforcement would have ended',
      description:
        'Violations of audited policies, by policy. If these are the connections that you want to end, the policy is ready for enforce.',
      runbook: 'CurfewGuardHolding',
      lines: [
        {
          expr: orNone('policy', perBar(ofPolicies('curfew_violations_total', 'mode="audit"'))),
          legend: '{{policy}}',
        },
      ],
    }),
  ],
})
