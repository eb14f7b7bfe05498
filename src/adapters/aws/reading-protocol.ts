import { AwsEc2QueryProtocol } from '@aws-sdk/core/protocols'
import type { ConnectionsPage } from './pages.ts'

/** A page that `readConnectionsPage` has read, passed on to the SDK in place of a body. */
export interface PageRead {
  readonly pageRead: ConnectionsPage
}

export const isPageRead = (body: unknown): body is PageRead =>
  typeof body === 'object' && body !== null && 'pageRead' in body

/** The SDK's own protocol, except that it does not parse a page that was already read: it passes the page on. */
export class ReadingProtocol extends AwsEc2QueryProtocol {
  /** The SDK's caller knows the type of the result; `never` fits them all. Use `isPageRead` on the result. */
  override async deserializeResponse(
    ...[operation, context, response]: Parameters<AwsEc2QueryProtocol['deserializeResponse']>
  ): Promise<never> {
    const body: unknown = response.body
    if (!isPageRead(body)) return super.deserializeResponse(operation, context, response) as Promise<never>
    return { ...body, $metadata: this.deserializeMetadata(response) } as never
  }
}
