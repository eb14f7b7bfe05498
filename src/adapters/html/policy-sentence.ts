import type { Policy } from '../../domain/policies/policy.ts'
import { formatDuration } from '../../domain/time/duration.ts'
import { type Instant, toText } from '../../domain/time/instant.ts'
import { textIn } from '../../domain/time/local-time.ts'

/** What a policy does, in words. `ends`: the verb and its tense. */
export const policySentence = (policy: Policy, ends: 'Ends' | 'Would end'): string => {
  const { kind, rule, graceMs, warn, match, exempt, from, until, timeZone } = policy
  const text = (instant: Instant) => (timeZone === undefined ? toText(instant) : textIn(instant, timeZone))
  return [
    `${ends} a connection ${kind.words(rule)}.`,
    ...(match === undefined ? [] : ['It applies to the people and devices that its “match” selects.']),
    ...(match?.door === undefined && exempt?.door === undefined
      ? []
      : ['Only the connect handler knows the facts under “door”: in doubt the daemon keeps the connection.']),
    ...(graceMs === 0 ? [] : [`Grace: ${formatDuration(graceMs)}.`]),
    ...(warn.length === 0 ? [] : [`It warns ${warn.map(formatDuration).join(' and ')} before.`]),
    ...(from === undefined ? [] : [`In force from ${text(from)}.`]),
    ...(until === undefined ? [] : [`In force until ${text(until)}.`]),
  ].join(' ')
}
