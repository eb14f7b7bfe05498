import type { ExtendedRecord, ListChangedRecord, OutcomeRecord, PolicySetRecord } from './audit.ts'
import type { PlaceOfList } from './list-changes.ts'

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

/** An entry of a list of users that names a person, with its dates and its reason. */
export interface Naming {
  readonly policy: string | null
  readonly list: PlaceOfList['list']
  readonly entry: unknown
}

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
  /** Of a policy set that is shown for a person, in place of its text: the entries that name the person. No line has it. */
  readonly named?: readonly Naming[]
  readonly call?: Partial<OutcomeRecord['call']>
}
