import type { ClientVpnEndpoint } from '@aws-sdk/client-ec2'
import type { ListedEndpoint } from '../../app/vpn.ts'

/** The endpoint of a row as the SDK reads it. Undefined without an id: a page with such a row is not complete. */
export const endpointOf = ({
  ClientVpnEndpointId,
  Tags = [],
  Status,
  ConnectionLogOptions: { Enabled = false, CloudwatchLogGroup } = {},
}: ClientVpnEndpoint): ListedEndpoint | undefined => {
  if (!ClientVpnEndpointId) return undefined
  const tags = new Map(Tags.flatMap(({ Key, Value = '' }) => (Key === undefined ? [] : [[Key, Value] as const])))
  return {
    id: ClientVpnEndpointId,
    name: tags.get('Name') || undefined,
    tags,
    status: Status?.Code || 'unknown',
    logGroup: (Enabled && CloudwatchLogGroup) || undefined,
  }
}
