import type { Dashboard } from '@grafana/grafana-foundation-sdk/dashboard'
import { atTheDoor } from './connect-handler/at-the-door.ts'
import { behindTheDoor } from './connect-handler/behind-the-door.ts'
import { clientVpn } from './connect-handler/client-vpn.ts'
import { lambda } from './connect-handler/lambda.ts'
import { dashboardOf } from './dashboard.ts'
import {
  awsRegionVariable,
  cloudwatchVariable,
  connectHandlerPageVariable,
  datasourceVariable,
  endpointVariable,
  handlerVariable,
  placesVariable,
  policyVariable,
  regionVariable,
  runbookVariable,
} from './variables.ts'

/** For operators: whom the door denies and whether it answers at all, beside what the daemon ends behind it. */
export const connectHandlerDashboard = (): Dashboard =>
  dashboardOf({
    uid: 'curfew-connect-handler',
    title: 'Curfew: connect handler',
    description: 'Whom the door denies, whether it answers at all, and what the daemon ends behind it.',
    // Client VPN publishes no more often, and AWS charges for each question.
    refresh: '5m',
    from: 'now-6h',
    variables: [
      cloudwatchVariable,
      awsRegionVariable,
      handlerVariable,
      placesVariable,
      datasourceVariable,
      regionVariable,
      endpointVariable,
      policyVariable,
      connectHandlerPageVariable,
      runbookVariable,
    ],
    rows: [atTheDoor(), lambda(), clientVpn(), behindTheDoor()],
  })
