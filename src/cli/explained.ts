import type { Endpoint } from '../app/endpoint.ts'
import { type Connection, isActive, principalOf } from '../domain/connection.ts'
import type { Explanation } from '../domain/judge/explain.ts'
import { isDue } from '../domain/judge/verdict.ts'
import { shownName } from '../domain/names/shown-name.ts'
import { acts, type Mode } from '../domain/policies/policy.ts'
import { printable } from '../domain/printable.ts'
import type { Termination } from '../domain/terminate/termination.ts'
import { formatDuration } from '../domain/time/duration.ts'
import { type Instant, NEVER, toText } from '../domain/time/instant.ts'
import { IMAGINED } from './imagined-connection.ts'
import { isoOrNull } from './iso-or-null.ts'
import { paragraph } from './lines.ts'
import { plural } from './number-text.ts'
import { painted } from './paint.ts'
import { timeUntil } from './time-until.ts'
import { titleOf } from './title.ts'

/** A connection, its endpoint and the explanation of its verdicts. */
export interface Explained {
  readonly endpoint: Pick<Endpoint, 'id' | 'name' | 'region'>
  readonly connection: Connection
  readonly explanation: Explanation
  /** Such as `1 of 2: `, where several are explained. */
  readonly numbered?: string
  /** The daemon's. */
  readonly mode: Mode
}

export const explanationJson = ({ decision: { act, lead }, nextAt, verdicts }: Explanation) => ({
  decision: act === 'terminate' ? 'terminate' : 'keep',
  leadPolicy: act === 'terminate' ? (lead?.policy.name ?? null) : null,
  nextAt: isoOrNull(nextAt),
  verdicts: verdictsJson({ verdicts }),
})

export const verdictsJson = ({ verdicts }: Pick<Explanation, 'verdicts'>) =>
  verdicts.map(({ verdict: { policy, word, since, deadline }, because, nextAt, moved }) => ({
    policy: policy.name,
    kind: policy.kind.kind,
    mode: policy.mode,
    verdict: word,
    since: isoOrNull(since),
    deadline: isoOrNull(deadline),
    extendedFrom: isoOrNull(moved?.from),
    extendedUntil: isoOrNull(moved?.until),
    nextAt: isoOrNull(nextAt),
    because,
  }))

export const explainedText = ({ endpoint, connection, explanation, mode, numbered = '' }: Explained): string => {
  const { now, termination } = explanation
  const name = principalOf(connection)
  const principal = name === undefined ? 'A connection without a name' : shownName(name)
  const head = [
    painted('bold', paragraph(`${numbered}${principal} on ${titleOf(endpoint)} at ${toText(now)}`)),
    ...connectionLines(connection, now),
  ]
  if (!isActive(connection)) return [...head, ...endedLines(connection), ...terminationNote(termination)].join('\n')
  const modeNote =
    mode === 'audit'
      ? ['', paragraph('The daemon is in audit mode: it ends no connection, whatever the verdicts are.')]
      : []
  return [
    ...head,
    painted(explanation.decision.act === 'terminate' ? 'red' : undefined, paragraph(decisionText(explanation, mode))),
    ...terminationNote(termination),
    '',
    ...explanation.verdicts.map((one) => verdictText(one, now)),
    ...modeNote,
    '',
    'Message for the user:',
    paragraph(messageForUser(explanation, mode), '  '),
  ].join('\n')
}

/** What one policy says: its word, and below that why, and when it changes. */
export const verdictText = (
  { verdict, because, nextAt, moved }: Explanation['verdicts'][number],
  now: Instant,
): string => {
  const { policy, word, deadline } = verdict
  const inGrace = deadline === undefined ? '' : `, in grace until ${toText(deadline)}`
  const until = moved === undefined ? inGrace : `, extended until ${toText(moved.until)}`
  const next = nextAt === NEVER ? '' : `; changes at ${toText(nextAt)}, in ${timeUntil(nextAt - now)}`
  const line = paragraph(
    `${policy.name} (${policy.kind.kind}, ${policy.mode}): ${word}${isDue(verdict, now) ? '' : until}`,
    '  ',
  )
  return `${line}\n${paragraph(`${because}${next}`, '    ')}`
}

/** The id and the age of a connection that AWS lists. An imagined one has none. */
const connectionLines = ({ id, establishedAt, status }: Connection, now: Instant): readonly string[] => {
  if (id === IMAGINED) return []
  const age =
    establishedAt === undefined
      ? ''
      : `, established at ${toText(establishedAt)}, ${formatDuration(now - establishedAt)} ago`
  return [paragraph(`${id}, ${status}${age}`)]
}

/** The command stands on one line, so that it can be copied. */
const endedLines = ({ id }: Connection): readonly string[] => [
  paragraph('AWS is ending it or has ended it. No policy is asked about it any more.'),
  printable(`Why it ended: curfew audit show --connection ${id}`),
]

/** The sentence that says what happens to the connection and when, and why it is still up. */
const decisionText = ({ now, decision, nextAt, verdicts }: Explanation, mode: Mode): string => {
  const { act, lead, violated } = decision
  if (act === 'terminate') return `Would end now, under the policy "${lead.policy.name}".`
  const stays = nextAt === NEVER ? 'Stays up' : `Stays up until ${toText(nextAt)}, in ${timeUntil(nextAt - now)}`
  const grace = violated.find(({ policy, deadline }) => acts(policy, mode) && deadline === nextAt)
  const moved = verdicts.find((one) => acts(one.verdict.policy, mode) && one.moved?.until === nextAt)?.verdict
  const word = moved === undefined ? 'in grace' : 'extended'
  const name = (moved ?? grace)?.policy.name
  const because = name === undefined ? '' : `: it is ${word} under the policy "${name}"`
  if (act === 'held') return `${stays}: the guard holds the policy "${lead.policy.name}", which would end it now.`
  if (act === 'audit') {
    return `${stays}${because}. The policy "${lead.policy.name}" would end it now, but only reports (audit).`
  }
  return nextAt === NEVER && violated.length === 0 ? 'Stays up: no policy ends it.' : `${stays}${because}.`
}

/** The state of the termination in words. It explains why a due connection is still up. */
const terminationNote = (termination: Termination | undefined): readonly string[] => {
  switch (termination?.state) {
    case 'given-up':
      return [
        paragraph(`The termination was given up after ${plural(termination.attempts, 'call')}.`),
        paragraph(`The next attempt is at ${toText(termination.tryAgainAt)}.`),
      ]
    case 'waiting':
      return [paragraph(`The next attempt to terminate the connection is at ${toText(termination.tryAgainAt)}.`)]
    case 'unproven':
      // The answer may have been lost: only a lookup or a snapshot tells what the call did.
      return [
        paragraph(
          `A call to terminate it left at ${toText(termination.leftAt)}. AWS has not confirmed yet that it is gone.`,
        ),
      ]
    case 'lingering':
      return [
        paragraph(`AWS has been terminating it since ${toText(termination.answeredAt)}. No further call is sent.`),
      ]
    case 'reported-gone':
      return [
        paragraph(`AWS reported at ${toText(termination.answeredAt)} that it is gone, but the snapshot shows it.`),
      ]
    default:
      return []
  }
}

/** One sentence without words that only an operator knows. */
const messageForUser = ({ now, decision: { act, lead }, nextAt, verdicts }: Explanation, mode: Mode): string => {
  if (lead !== undefined) {
    const { because = '' } = verdicts.find(({ verdict }) => verdict.policy === lead.policy) ?? {}
    if (act === 'held') {
      return `The rule "${lead.policy.name}" would end your VPN connection, but a safety check prevents it: ${because}.`
    }
    const isKept = mode === 'enforce' && nextAt !== NEVER
    if (act === 'audit' && !isKept) return `The rule "${lead.policy.name}" would end your VPN connection: ${because}.`
    const again = nextAt === NEVER ? '' : ` This changes at ${toText(nextAt)}.`
    if (act === 'terminate') return `The rule "${lead.policy.name}" ends your VPN connection: ${because}.${again}`
  }
  if (mode === 'enforce' && nextAt !== NEVER) {
    return `Your VPN connection can stay up until ${toText(nextAt)}, which is in ${timeUntil(nextAt - now)}.`
  }
  return 'No rule ends your VPN connection.'
}
