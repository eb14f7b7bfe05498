import { principalOf } from '../domain/connection.ts'
import { answerOf } from '../domain/door/answer.ts'
import type { DoorDecision, NotJudged } from '../domain/door/door-decision.ts'
import type { DoorFacts } from '../domain/door/door-facts.ts'
import type { DoorRules } from '../domain/door/door-rules.ts'
import type { LeftToDaemon } from '../domain/door/left-to-daemon.ts'
import type { DoorRequest } from '../domain/door/request.ts'
import type { Explanation } from '../domain/judge/explain.ts'
import { shownName } from '../domain/names/shown-name.ts'
import { printable } from '../domain/printable.ts'
import { type Instant, NEVER, toText } from '../domain/time/instant.ts'
import { verdictsJson, verdictText } from './explained.ts'
import { isoOrNull } from './iso-or-null.ts'
import { paragraph } from './lines.ts'
import { painted } from './paint.ts'
import { timeUntil } from './time-until.ts'
import { titleOf } from './title.ts'

/** One request, what the door decides about it, and what the decision rests on. */
export interface DoorExplained {
  readonly request: DoorRequest
  readonly region: string | undefined
  readonly now: Instant
  readonly decision: DoorDecision | NotJudged
  readonly verdicts: Explanation['verdicts']
  readonly left: readonly LeftToDaemon[]
  readonly rules: DoorRules
  /** As each line of the handler's log has it. */
  readonly handlerHash: string
}

/** The facts of the door by their keys in YAML. */
const FACTS = ['idpGroups', 'platform', 'publicIp', 'clientVersion'] as const satisfies readonly (keyof DoorFacts)[]

export const doorExplainedJson = ({
  request,
  region,
  now,
  decision,
  verdicts,
  left,
  rules,
  handlerHash,
}: DoorExplained) => {
  const { answerIn, connectionId, endpointId, names, facts, doubts } = request
  const denial = denialOf(decision)
  return {
    decision: decision.act,
    error: decision.act === 'on-error' ? decision.error : null,
    leadPolicy: denial?.lead.policy.name ?? null,
    reason: denial?.lead.reason ?? null,
    text: textOf({ decision, rules }) ?? null,
    until: isoOrNull(denial?.until),
    at: isoOrNull(now),
    request: {
      schemaVersion: answerIn,
      connectionId: connectionId ?? null,
      endpointId: endpointId ?? null,
      region: region ?? null,
      username: names.username ?? null,
      commonName: names.commonName ?? null,
      ...Object.fromEntries(FACTS.map((fact) => [fact, facts[fact] ?? null])),
      doubts,
    },
    verdicts: verdictsJson({ verdicts }),
    leftToDaemon: left.map(({ policy, because }) => ({
      policy: policy.name,
      kind: policy.kind.kind,
      mode: policy.mode,
      because,
    })),
    mode: rules.mode,
    onError: rules.onError,
    policySetHash: rules.policySetHash,
    handlerHash,
  }
}

/** The decision by which the request is denied, or would be. */
const denialOf = (decision: DoorDecision | NotJudged) =>
  decision.act === 'deny' || decision.act === 'audit' ? decision : undefined

/** What the person reads, or would read if a policy in audit mode acted. */
const textOf = ({ decision, rules }: Pick<DoorExplained, 'decision' | 'rules'>): string | undefined => {
  if (decision.act !== 'on-error') return denialOf(decision)?.text
  return rules.onError === 'deny' ? answerOf('deny', 'v3')['error-msg-on-denied-connection'] : undefined
}

export const doorExplainedText = (explained: DoorExplained): readonly string[] => {
  const { request, now, decision, verdicts, left, rules, handlerHash } = explained
  const text = textOf(explained)
  const isDenied = decision.act === 'deny' || (decision.act === 'on-error' && rules.onError === 'deny')
  const name = principalOf(request.names)
  const who = name === undefined ? 'Somebody without a name' : shownName(name)
  return [
    painted('bold', paragraph(`${who} asks to connect to ${placeText(explained)} at ${toText(now)}`)),
    ...factLines(request),
    painted(isDenied ? 'red' : undefined, paragraph(decisionText(explained))),
    ...(verdicts.length === 0 ? [] : ['', ...verdicts.map((one) => verdictText(one, now))]),
    ...(left.length === 0 ? [] : ['', 'Left to the daemon:', ...left.map(leftText)]),
    '',
    paragraph(
      `The handler has mode ${rules.mode}, onError ${rules.onError}, the policy set ${rules.policySetHash} and the handlerHash ${handlerHash}.`,
    ),
    ...(text === undefined ? [] : ['', TEXT_HEADINGS[isDenied ? 'deny' : 'audit'], paragraph(text, '  ')]),
  ]
}

const TEXT_HEADINGS = {
  deny: 'Message for the user:',
  audit: 'Message for the user, if it were denied:',
} as const

const placeText = ({ request: { endpointId }, region, rules: { endpointNames } }: DoorExplained): string => {
  if (endpointId === undefined) return 'an endpoint that is not known'
  const name = endpointNames.get(endpointId) ?? endpointId
  return titleOf({ id: endpointId, name, region: region ?? 'a Region that is not known' })
}

/** The facts that only the door knows, and those of the request that cannot be used. */
const factLines = ({ facts, doubts }: DoorRequest): readonly string[] => {
  const known = FACTS.flatMap((fact) => {
    const value = facts[fact]
    return value === undefined ? [] : [`${fact} ${typeof value === 'string' ? value : `[${value.join(', ')}]`}`]
  })
  return [
    ...(known.length === 0 ? [] : [paragraph(known.join(', '))]),
    ...(doubts.length === 0
      ? []
      : [paragraph(`Not as the schema says, or cut by AWS, and so not known: ${doubts.join(', ')}`)]),
  ]
}

const ON_ERROR_TEXTS = { allow: 'Allowed', deny: 'Denied' } as const

/** The sentence that says what the person meets. */
const decisionText = ({ decision, now, rules }: DoorExplained): string => {
  if (decision.act === 'on-error')
    return `${ON_ERROR_TEXTS[rules.onError]} by onError, and not judged: ${decision.error}.`
  if (decision.act === 'allow') {
    return rules.policies.length === 0
      ? 'Allowed: no policy of these files is judged at the door.'
      : 'Allowed: no policy denies it.'
  }
  const { lead, until } = decision
  const name = `the policy "${lead.policy.name}"`
  const end = until === NEVER ? '' : ` until ${toText(until)}, for ${timeUntil(until - now)}`
  if (decision.act === 'deny') return `Denied${end}, under ${name}.`
  return rules.mode === 'audit'
    ? `Allowed: the handler only reports (audit). Otherwise ${name} would deny it${end}.`
    : `Allowed: ${name} only reports (audit). Otherwise it would deny it${end}.`
}

const leftText = ({ policy, because }: LeftToDaemon): string =>
  `${paragraph(`${policy.name} (${policy.kind.kind}, ${policy.mode})`, '  ')}\n${paragraph(because, '    ')}`

/** The answer in one line, byte for byte as AWS gets it but for characters that a terminal obeys. */
export const answerLine = (answer: object): string => printable(JSON.stringify(answer))
