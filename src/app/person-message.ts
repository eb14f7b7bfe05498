import { WHAT_TO_DO } from '../domain/policies/registry.ts'
import { formatDuration } from '../domain/time/duration.ts'
import { endText, leftText } from '../domain/time/end-text.ts'
import type { Instant } from '../domain/time/instant.ts'
import type { PolicyFacts } from './policy-facts.ts'

/** What a person is told of one of the own sessions. */
export interface PersonNews extends PolicyFacts {
  readonly event: 'warning' | 'terminated'
  readonly connectionId: string
  /** The name of the endpoint. */
  readonly endpoint: string
  /** The user name or common name of the session. */
  readonly name: string
  readonly policy: string
  readonly reason: string
  readonly because: string
  /** When the session ends, or was seen to have ended. */
  readonly endsAt: Instant
  /** The page on which the person can extend the session; undefined if the policy allows no extension. */
  readonly extendUrl?: string | undefined
}

/** How a medium shows texts that come from elsewhere. They are data: no medium may read markup in them. */
export interface PersonStyle {
  value(text: string): string
  link(url: string): string
}

/**
 * The message to a person at `now`, the earliest end first. `more`: how many more sessions have ended or will end soon,
 * of which no news is given.
 */
export const personMessage = (
  news: readonly PersonNews[],
  more: number,
  now: Instant,
  style: PersonStyle,
): { readonly subject: string; readonly text: string } => {
  const ordered = news.toSorted((a, b) => a.endsAt - b.endsAt)
  const [first] = ordered
  if (first === undefined) return { subject: '', text: '' }
  const parts = ordered.map((one) => paragraph(one, now, style))
  const count = news.length + more
  const rest = more === 0 ? [] : [`${more === 1 ? '1 more session is' : `${more} more sessions are`} not listed here.`]
  const subject =
    count === 1
      ? `Your VPN session on ${style.value(first.endpoint)} ${stateOf(first, now)}`
      : `${count} VPN sessions of yours: the first ${stateOf(first, now)}`
  return { subject, text: [...parts, ...rest].join('\n\n') }
}

/** The subject has no time that is left: it is read later, in a list. */
const stateOf = ({ event, endsAt, timeZone }: PersonNews, now: Instant): string =>
  `${event === 'warning' ? 'ends' : 'ended'} at ${endText(endsAt, now, timeZone)}`

const paragraph = (news: PersonNews, now: Instant, { value, link }: PersonStyle): string => {
  const { event, endpoint, name, policy, because, endsAt, extendUrl } = news
  const left = event === 'warning' ? `, ${leftText(endsAt - now)}` : ''
  const session = `Your VPN session on ${value(endpoint)} as ${value(name)} ${stateOf(news, now)}${left}.`
  return [
    session,
    `Policy ${value(policy)}: ${value(because)}.`,
    whatToDo(news),
    ...(extendUrl === undefined ? [] : [`To stay connected for longer: ${link(extendUrl)}`]),
  ].join('\n')
}

const whatToDo = ({ reason, cooldownMs }: PersonNews): string => {
  if (cooldownMs > 0 && reason !== 'cooldown') {
    return `You can connect again ${formatDuration(cooldownMs)} after the end, not earlier.`
  }
  return WHAT_TO_DO.get(reason) ?? 'Ask the administrators of the VPN if you need access.'
}
