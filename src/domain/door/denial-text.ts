import type { Connection } from '../connection.ts'
import type { ViolatedVerdict } from '../judge/verdict.ts'
import { isBlank } from '../names/fold.ts'
import type { Denied } from '../policies/policy.ts'
import { type Instant, NEVER } from '../time/instant.ts'
import { openingText } from '../time/opening-text.ts'
import { fits, fitted, readable } from './answer-text.ts'
import { filledIn } from './message.ts'

/**
 * For the person, why the request is denied and until when: the operator's message, or the text of the kind. `zone` is the
 * zone of policies that have none.
 */
export const denialText = (
  { policy, applicability }: ViolatedVerdict,
  connection: Connection,
  { now, until, zone: defaultZone }: { readonly now: Instant; readonly until: Instant; readonly zone: string },
): string => {
  const { kind, rule, name, message, matchGroup } = policy
  const zone = kind.hours?.(rule).zone ?? policy.timeZone ?? defaultZone
  const reason = readable(applicability.judge.writtenReason?.(now) ?? '')
  const denied: Denied = {
    connection,
    now,
    openingAt: until,
    until: until === NEVER ? undefined : openingText(until, now, zone),
    zone,
    writtenReason: isBlank(reason) ? undefined : reason,
    group: matchGroup,
  }
  const texts =
    message === undefined
      ? (kind.atTheDoor?.texts(rule, denied) ?? [])
      : [
          filledIn(message, {
            until: denied.until && `${denied.until} ${zone}`,
            policy: name,
            reason: kind.atTheDoor?.reason(rule, denied) ?? '',
          }),
        ]
  const lines = texts.map(readable)
  return fitted(lines.find(fits) ?? lines.at(-1) ?? '')
}
