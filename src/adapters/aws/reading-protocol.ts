import { AwsEc2QueryProtocol } from '@aws-sdk/core/protocols'
import type { Connection } from '../../domain/connection.ts'
import type { Page } from './pages.ts'

/** A page that was read before the SDK saw it. */
export interface PageRead {
  readonly pageRead: Page<Connection>
}

export const isPageRead = (body: unknown): body is PageRead =>
  typeof body === 'object' && body !== null && 'pageRead' in body

/** The SDK's own protocol, but for a page that was read already, whose body is what was read. */
export class ReadingProtocol extends AwsEc2QueryProtocol {
  /** What comes out is of the type that the operation says, which only its caller knows. */
  override async deserializeResponse(
    ...[operation, context, response]: Parameters<AwsEc2QueryProtocol['deserializeResponse']>
  ): Promise<never> {
    const body: unknown = response.body
    if (!isPageRead(body)) return super.deserializeResponse(operation, context, response) as Promise<never>
    return { ...body, $metadata: this.deserializeMetadata(response) } as never
  }
}
