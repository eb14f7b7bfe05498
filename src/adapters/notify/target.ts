import type { NotificationEvent, Smarthost } from '../../config/configuration.ts'
import type { Rate } from '../../domain/terminate/token-bucket.ts'

/** A mail server, and how to log in there. */
export interface MailServer {
  readonly smarthost: Smarthost
  readonly from: string
  readonly username: string | undefined
  readonly password: string | undefined
  readonly requireTls: boolean
  /** The authorities of its certificate in PEM; undefined for those of Node. */
  readonly ca: string | undefined
}

/**
 * A receiver of notifications, with its address, keys and passwords as read from the environment and files. Secret: never
 * log it.
 */
export type Target = { readonly name: string; readonly events: readonly NotificationEvent[] } & (
  | {
      readonly receiver: 'webhook' | 'slack'
      readonly address: string
      readonly signingKey: Buffer | undefined
    }
  | { readonly receiver: 'slackBot'; readonly token: string; readonly apiUrl: string | undefined }
  | ({ readonly receiver: 'email'; readonly rate: Rate } & MailServer)
)
