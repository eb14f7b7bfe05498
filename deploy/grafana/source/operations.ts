import type { Dashboard } from '@grafana/grafana-foundation-sdk/dashboard'
import { dashboardOf } from './dashboard.ts'
import { aws } from './operations/aws.ts'
import { ended } from './operations/ended.ts'
import { endpoints } from './operations/endpoints.ts'
import { onTime } from './operations/on-time.ts'
import { daemonProcess } from './operations/process.ts'
import { rightNow } from './operations/right-now.ts'
import { trouble } from './operations/trouble.ts'
import { datasourceVariable, endpointVariable, policyVariable, regionVariable, runbookVariable } from './variables.ts'

/** For operators: do the right connections end, no others, and in time? */
export const operationsDashboard = (): Dashboard =>
  dashboardOf({
    uid: 'curfew-operations',
    title: 'Curfew: operations',
    description: 'Whether the right connections end, no others, and in time.',
    refresh: '30s',
    from: 'now-6h',
    variables: [datasourceVariable, regionVariable, endpointVariable, policyVariable, runbookVariable],
    rows: [rightNow(), trouble(), endpoints(), ended(), onTime(), aws(), daemonProcess()],
  })
