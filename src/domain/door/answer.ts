import { fitted } from './answer-text.ts'
import type { DoorDecision } from './door-decision.ts'
import type { OnError } from './door-rules.ts'
import type { SchemaVersion } from './request.ts'

/** The field for the text, which AWS has renamed with v2. */
const TEXT_FIELDS = {
  v1: 'error-msg-on-failed-posture-compliance',
  v2: 'error-msg-on-denied-connection',
  v3: 'error-msg-on-denied-connection',
} as const satisfies Record<SchemaVersion, string>

/** What AWS wants to hear. Each of the four fields is required. */
export type DoorAnswer = {
  readonly allow: boolean
  readonly 'posture-compliance-statuses': readonly string[]
  readonly 'schema-version': SchemaVersion
} & { readonly [Field in (typeof TEXT_FIELDS)[SchemaVersion]]?: string }

/** For the person, where the door cannot decide and its operator wants it closed then. */
const ON_ERROR_TEXT =
  'Your VPN access could not be checked. Try again, and ask the administrators of the VPN if it stays so.'

/** The answer in the words of AWS: to a decision, or to an error. AWS denies everybody to whom it is not valid. */
export const answerOf = (decided: DoorDecision | OnError, answerIn: SchemaVersion): DoorAnswer => ({
  allow: typeof decided === 'string' ? decided === 'allow' : decided.act !== 'deny',
  [TEXT_FIELDS[answerIn]]: fitted(textOf(decided)),
  'posture-compliance-statuses': typeof decided === 'string' ? [] : decided.postureStatuses,
  'schema-version': answerIn,
})

const textOf = (decided: DoorDecision | OnError): string => {
  if (typeof decided === 'string') return decided === 'deny' ? ON_ERROR_TEXT : ''
  return decided.act === 'deny' ? decided.text : ''
}
