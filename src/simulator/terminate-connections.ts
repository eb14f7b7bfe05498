import { AwsError } from './aws-error.ts'
import { type ConnectionRow, isConnected } from './connection-row.ts'
import { type Action, findEndpoint } from './ec2-action.ts'
import { element, listElement, textElement } from './ec2-xml.ts'
import type { SimulatedEndpoint, TerminationRow } from './world.ts'

/** The largest number of one user's connections that one call ends. AWS refuses the call if there are more. */
const MOST_OF_A_USER = 5

type Selector = { readonly connectionId: string } | { readonly username: string }

interface Input {
  readonly endpointId: string
  readonly selector: Selector
}

const selectorOf = (connectionId: string | undefined, username: string | undefined): Selector => {
  if (connectionId !== undefined && username !== undefined) {
    throw new AwsError('InvalidParameterCombination', 'ConnectionId and Username cannot be used together')
  }
  if (connectionId !== undefined) return { connectionId }
  if (username !== undefined) return { username }
  throw new AwsError('MissingParameter', 'The request must contain the parameter ConnectionId or Username')
}

/** User names are compared exactly, as AWS documents for the filters. */
const select = ({ roster, scenario }: SimulatedEndpoint, selector: Selector): readonly ConnectionRow[] => {
  if ('connectionId' in selector) {
    const row = roster.get(selector.connectionId)
    if (row !== undefined) return [row]
    throw new AwsError('InvalidClientVpnConnection.IdNotFound', `Connection ${selector.connectionId} does not exist`)
  }
  const active = roster.ofUser(selector.username).filter(isConnected)
  if (active.length === 0) {
    throw new AwsError(
      'InvalidClientVpnConnection.UserNotFound',
      `User ${selector.username} does not have an active connection to endpoint ${scenario.id}`,
    )
  }
  if (active.length > MOST_OF_A_USER) {
    throw new AwsError(
      'ClientVpnTerminateConnectionsLimitExceeded',
      `User ${selector.username} has ${active.length} active connections; at most ${MOST_OF_A_USER} can be terminated at once`,
    )
  }
  return active
}

export const terminateConnections: Action<Input> = {
  name: 'TerminateClientVpnConnections',
  bucket: 'terminate',
  read: (query) => ({
    endpointId: query.required('ClientVpnEndpointId'),
    selector: selectorOf(query.text('ConnectionId'), query.text('Username')),
  }),
  perform({ endpointId, selector }, context) {
    const endpoint = findEndpoint(context, endpointId)
    const terminations = select(endpoint, selector).map((row): TerminationRow => {
      if (context.fault !== 'lie') return context.world.cut(endpoint, row, context.fault === 'failed-to-terminate')
      return { connectionId: row.connectionId, previous: row.status, current: 'terminating' }
    })
    return (
      textElement('clientVpnEndpointId', endpointId) +
      ('username' in selector ? textElement('username', selector.username) : '') +
      listElement(
        'connectionStatuses',
        terminations.map(
          ({ connectionId, previous, current }) =>
            textElement('connectionId', connectionId) +
            element('previousStatus', textElement('code', previous)) +
            element('currentStatus', textElement('code', current)),
        ),
      )
    )
  },
}
