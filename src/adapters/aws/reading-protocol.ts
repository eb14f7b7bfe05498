import { AwsEc2QueryProtocol } from '@aws-sdk/core/protocols'
import type { ConnectionsPage } from './connections-page.ts'

const isConnectionsPage = (body: unknown): body is ConnectionsPage =>
  typeof body === 'object' && body !== null && 'Connections' in body

/** The SDK's own protocol, but for a page that was read already, whose body is what was read. */
export class ReadingProtocol extends AwsEc2QueryProtocol {
  /** What comes out is of the type that the operation says, which only its caller knows. */
  override async deserializeResponse(
    ...[operation, context, response]: Parameters<AwsEc2QueryProtocol['deserializeResponse']>
  ): Promise<never> {
    const body: unknown = response.body
    if (!isConnectionsPage(body)) return super.deserializeResponse(operation, context, response) as Promise<never>
    return { ...body, $metadata: this.deserializeMetadata(response) } as never
  }
}
