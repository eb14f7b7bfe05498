import * as units from '@grafana/grafana-foundation-sdk/units'
import type { Row } from '../dashboard.ts'
import { bars, lines } from '../graph.ts'
import { palette } from '../palette.ts'
import { ofPolicies, orNone, perBar } from '../queries.ts'

const third = { width: 8, height: 8, unit: units.NoUnit } as const
const colours = { audit: palette.audit, enforce: palette.plain }

/** What would change if what audits were enforced. */
export const auditAgainstEnforce = (): Row => ({
  title: 'Audit against enforce',
  panels: [
    lines({
      ...third,
      title: 'Past their deadline, by mode',
      description:
        'Under enforce the line falls back to zero. Under audit it stays: these sessions would have been ended, and go on.',
      runbook: 'CurfewEnforcementLate',
      lines: [{ expr: `sum by (mode) (${ofPolicies('curfew_due_connections')})`, legend: '{{mode}}' }],
      colours,
    }),
    bars({
      ...third,
      title: 'Violations, by mode',
      description: 'Connections that came to violate a policy. Under audit nothing follows.',
      runbook: 'CurfewNotEnforcing',
      lines: [{ expr: `sum by (mode) (${perBar(ofPolicies('curfew_violations_total'))})`, legend: '{{mode}}' }],
      colours,
    }),
    bars({
      ...third,
      title: 'What enforcing would have ended',
      description:
        'Violations of audited policies, by policy. If the bars look like what you mean to end, the policy is ready for enforce.',
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
