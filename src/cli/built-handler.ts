import type { DoorRules } from '../domain/door/door-rules.ts'
import { factsReadBy } from '../domain/door/facts-read.ts'
import type { LeftToDaemon } from '../domain/door/left-to-daemon.ts'
import type { Policy } from '../domain/policies/policy.ts'
import { paragraph } from './lines.ts'
import { count } from './number-text.ts'

/** A handler that was written, and what is in it. */
interface BuiltHandler {
  readonly file: string
  readonly bytes: number
  /** As Lambda shows it for the deployed code. */
  readonly codeSha256: string
  /** As each line of its log has it. */
  readonly handlerHash: string
  readonly rules: DoorRules
  readonly left: readonly LeftToDaemon[]
}

export const builtJson = ({ file, bytes, codeSha256, handlerHash, rules, left }: BuiltHandler) => ({
  file,
  bytes,
  codeSha256,
  mode: rules.mode,
  onError: rules.onError,
  policySetHash: rules.policySetHash,
  handlerHash,
  policies: rules.policies.map((policy) => ({ ...policyJson(policy), reads: readsOf(policy) })),
  leftToDaemon: left.map(({ policy, because }) => ({ ...policyJson(policy), because })),
})

const policyJson = ({ name, kind, mode }: Policy) => ({ policy: name, kind: kind.kind, mode })

/** The facts that selectors of the policy read and that the door knows otherwise than the daemon. */
const readsOf = (policy: Policy): readonly string[] => {
  const { endpoint, door } = factsReadBy(policy)
  return [...endpoint, ...door.map((key) => `door.${key}`)]
}

export const builtText = ({ file, bytes, codeSha256, handlerHash, rules, left }: BuiltHandler): readonly string[] => [
  paragraph(`${file}: ${count(Math.ceil(bytes / 1000))} kB, CodeSha256 ${codeSha256}`),
  paragraph(`Policy set ${rules.policySetHash}`),
  paragraph(`handlerHash ${handlerHash}`),
  paragraph(MODE_TEXTS[rules.mode]),
  paragraph(ON_ERROR_TEXTS[rules.onError]),
  '',
  ...(rules.policies.length === 0
    ? ['No policy is judged at the door. The handler gives posture statuses alone.']
    : ['Judged at the door:']),
  ...rules.policies.flatMap((policy) => [
    paragraph(policyText(policy), '  '),
    ...remarksOn(policy).map((remark) => paragraph(remark, '    ')),
  ]),
  ...(left.length === 0 ? [] : ['', 'Left to the daemon:']),
  ...left.map(({ policy, because }) => paragraph(`${policyText(policy)}: ${because}`, '  ')),
  '',
  paragraph(
    'Next: publish it as a version, ask that version with requests of people who must get in, and move the alias of the endpoints to it. update.sh does this, in deploy/connect-handler of the source of this release; docs/connect-handler.md there has each command, and how to go back.',
  ),
]

const MODE_TEXTS = {
  audit: 'Mode audit: the handler lets everybody in, and logs whom it would deny.',
  enforce: 'Mode enforce: the handler denies the connections that an acting policy would end.',
} as const

const ON_ERROR_TEXTS = {
  allow: 'If the handler cannot decide, it lets everybody in (on error: allow).',
  deny: 'If the handler cannot decide, it DENIES EVERYBODY (on error: deny).',
} as const

const policyText = ({ name, kind, mode }: Policy) => `${name} (${kind.kind}, ${mode})`

const remarksOn = (policy: Policy): readonly string[] => {
  const { endpoint, door } = factsReadBy(policy)
  return [
    ...(endpoint.includes('tags')
      ? ['reads tags of endpoints, which the door does not know: it denies nobody where they count']
      : []),
    ...(endpoint.includes('name')
      ? ['reads names of endpoints: the door knows those that "watch" gives, and denies nobody elsewhere']
      : []),
    ...(door.length === 0
      ? []
      : [
          `reads ${door.map((key) => `door.${key}`).join(', ')}, which the daemon does not know: only the door judges it`,
        ]),
  ]
}
