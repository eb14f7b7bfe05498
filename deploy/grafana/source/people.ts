import type { Dashboard } from '@grafana/grafana-foundation-sdk/dashboard'
import { dashboardOf } from './dashboard.ts'
import { ended } from './people/ended.ts'
import { unfinished } from './people/unfinished.ts'
import { units } from './people/units.ts'
import { databaseVariable, personVariable, recordedPolicyVariable, runbookVariable, unitVariable } from './variables.ts'

/** For those who must say who was ended and why: the audit trail of replicas, asked in SQL. It names people. */
export const peopleDashboard = (): Dashboard =>
  dashboardOf({
    uid: 'curfew-people',
    title: 'Curfew: people and terminations',
    description: 'Who was ended, when and by which policy, as the audit trail in PostgreSQL says. It names people.',
    refresh: '5m',
    from: 'now-24h',
    marks: 'none',
    variables: [databaseVariable, unitVariable, recordedPolicyVariable, personVariable, runbookVariable],
    rows: [ended(), unfinished(), units()],
  })
