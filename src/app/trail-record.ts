import type { ExtendedRecord, ListChangedRecord, OutcomeRecord, PolicySetRecord } from './audit.ts'

/** The fields of any record that are texts in its line. Instants are ISO 8601, in UTC and with milliseconds. */
export const TRAIL_TEXTS = [
  'endpointId',
  'account',
  'region',
  'connectionId',
  'username',
  'commonName',
  'policy',
  'reason',
  'because',
  'since',
  'deadline',
  'requestId',
  'outcome',
  'policySetHash',
  'heldBy',
  'text',
] as const

/**
 * A record as its line in the trail gives it. A trail may be of another version of Curfew: what a record of this version
 * has may be missing, and there may be more.
 */
export interface TrailRecord
  extends Partial<Record<(typeof TRAIL_TEXTS)[number], string>>,
    Partial<Pick<PolicySetRecord, 'part' | 'parts'>>,
    Partial<Pick<ListChangedRecord, 'added' | 'removed'>>,
    Partial<Pick<ExtendedRecord, 'by' | 'extension'>> {
  readonly seq: number
  readonly time: string
  readonly event: string
  readonly endsAt?: string
  readonly alsoBy?: readonly string[]
  readonly call?: Partial<OutcomeRecord['call']>
}
