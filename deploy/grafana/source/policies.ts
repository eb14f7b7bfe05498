import type { Dashboard } from '@grafana/grafana-foundation-sdk/dashboard'
import { dashboardOf } from './dashboard.ts'
import { auditAgainstEnforce } from './policies/audit-against-enforce.ts'
import { byPolicy } from './policies/by-policy.ts'
import { now } from './policies/now.ts'
import { people } from './policies/people.ts'
import { savings } from './policies/savings.ts'
import {
  datasourceVariable,
  endpointVariable,
  hoursVariable,
  policyVariable,
  priceVariable,
  regionVariable,
  runbookVariable,
} from './variables.ts'

/** For authors of policies: what each policy does, what it would do if enforced, and how users react. */
export const policiesDashboard = (): Dashboard =>
  dashboardOf({
    uid: 'curfew-policies',
    title: 'Curfew: policies',
    description: 'What each policy does, what it would do if enforced, and how users react.',
    refresh: '30s',
    from: 'now-7d',
    variables: [
      datasourceVariable,
      regionVariable,
      endpointVariable,
      policyVariable,
      hoursVariable,
      priceVariable,
      runbookVariable,
    ],
    rows: [now(), byPolicy(), auditAgainstEnforce(), people(), savings()],
  })
