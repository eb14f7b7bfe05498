import * as units from '@grafana/grafana-foundation-sdk/units'
import { each, summed } from '../cloudwatch.ts'
import type { Row } from '../dashboard.ts'
import { bars, lines } from '../graph.ts'
import { palette, upwards } from '../palette.ts'
import type { DoorHeading } from '../runbook.ts'
import { stat } from '../stat.ts'
import { CLIENT_VPN } from './metrics.ts'

const small = { width: 4, height: 4 } as const
const third = { width: 8, height: 8 } as const
const none = { text: 'none', colour: palette.muted }

const timeouts = () => summed(CLIENT_VPN, 'ClientConnectHandlerTimeouts', 'timed out')
const throttled = () => summed(CLIENT_VPN, 'ClientConnectHandlerThrottlingErrors', 'throttled')
const invalid = () => summed(CLIENT_VPN, 'ClientConnectHandlerInvalidResponses', 'invalid answers')
const failed = () => summed(CLIENT_VPN, 'ClientConnectHandlerOtherExecutionErrors', 'execution failed')
const failedInAws = () => summed(CLIENT_VPN, 'ClientConnectHandlerFailedServiceErrors', 'failed in AWS')

/** A way to be denied without an answer of the handler. */
const failure = (title: string, runbook: DoorHeading, description: string, query: ReturnType<typeof summed>) =>
  stat({
    ...small,
    title,
    description,
    runbook,
    unit: units.NoUnit,
    query,
    calc: 'sum',
    steps: upwards({ act: 1 }),
    unknown: none,
  })

/** The counts of AWS, which asks the handler: of all endpoints of the Region. */
export const clientVpn = (): Row => ({
  title: 'Client VPN: what AWS saw',
  folded: true,
  panels: [
    stat({
      ...small,
      title: 'Denied, says AWS',
      runbook: 'DeniedConnections',
      description:
        'Connections in this range that AWS denied on the word of a handler. If this is far above the denials of this handler, another handler of the Region denies.',
      unit: units.NoUnit,
      query: summed(CLIENT_VPN, 'ClientConnectHandlerDeniedConnections', 'denied'),
      calc: 'sum',
      unknown: none,
    }),
    failure(
      'Timed out',
      'SlowAnswers',
      'Connections in this range that AWS denied because the handler did not answer in time.',
      timeouts(),
    ),
    failure(
      'Throttled',
      'Throttles',
      'Connections in this range that AWS denied because Lambda had no place for the handler: raise its reserved concurrency.',
      throttled(),
    ),
    failure(
      'Invalid answers',
      'FailedHandler',
      'Connections in this range that AWS denied because it could not read the answer of the handler: go back to the last version.',
      invalid(),
    ),
    failure(
      'Execution failed',
      'Errors',
      'Connections in this range that AWS denied because the handler failed or could not be invoked: go back to the last version. If its own errors are zero, it was never reached: look at the alias, and at the service-linked role of Client VPN.',
      failed(),
    ),
    failure(
      'Failed in AWS',
      'FailedHandler',
      'Connections in this range that AWS denied because of a failure of its own. Look at the status page of AWS.',
      failedInAws(),
    ),
    bars({
      ...third,
      title: 'Denied without an answer',
      runbook: 'FailedHandler',
      description:
        'Connections that AWS denied because it had no answer of the handler that it could read, by the reason. AWS publishes every five minutes.',
      unit: units.NoUnit,
      lines: [timeouts(), throttled(), invalid(), failed(), failedInAws()],
      colours: {
        'timed out': palette.act,
        throttled: palette.watch,
        'invalid answers': palette.audit,
        'execution failed': palette.plain,
        'failed in AWS': palette.muted,
      },
    }),
    bars({
      ...third,
      title: 'Denied by a handler, by endpoint',
      runbook: 'DeniedConnections',
      description: 'Connections that AWS denied on the word of a handler, by endpoint of the Region.',
      unit: units.NoUnit,
      lines: [each(CLIENT_VPN, 'ClientConnectHandlerDeniedConnections', 'Sum')],
    }),
    lines({
      ...third,
      title: 'Active connections, says AWS',
      runbook: 'FailedHandler',
      description: 'Active connections by endpoint of the Region. While nobody can connect, the line only sinks.',
      unit: units.NoUnit,
      lines: [each(CLIENT_VPN, 'ActiveConnectionsCount', 'Maximum')],
    }),
  ],
})
