import type { ClientVpnEndpoint } from '@aws-sdk/client-ec2'
import type { ListedEndpoint } from '../../app/vpn.ts'

/** An endpoint as AWS sends it; `undefined` for one without an id, which no page that is whole can hold. */
export const endpointOf = ({
  ClientVpnEndpointId,
  Tags = [],
  Status,
}: ClientVpnEndpoint): ListedEndpoint | undefined => {
  if (!ClientVpnEndpointId) return undefined
  const tags = new Map(Tags.flatMap(({ Key, Value = '' }) => (Key === undefined ? [] : [[Key, Value] as const])))
  return { id: ClientVpnEndpointId, name: tags.get('Name') || undefined, tags, status: Status?.Code || 'unknown' }
}
