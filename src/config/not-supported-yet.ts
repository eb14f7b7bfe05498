import { POLICY_KINDS } from '../domain/policies/registry.ts'

/** Keys that the documentation knows and this version does not: whoever builds one takes it out here. */
const KEYS = new Set(['policies[].warn', 'notify'])

/** All kinds of the policy language. */
const KINDS = [
  'max-session-age',
  'banned-users',
  'off-hours',
  'idle-timeout',
  'max-sessions',
  'max-transfer',
  'posture',
]

/** Whether a key at a path such as `['watch', 0, 'discover']` will have a meaning one day. */
export const isKeyNotSupportedYet = (path: readonly PropertyKey[]): boolean =>
  KEYS.has(
    path.reduce<string>(
      (text, step) => (typeof step === 'number' ? `${text}[]` : `${text}${text === '' ? '' : '.'}${String(step)}`),
      '',
    ),
  )

export const isKindNotSupportedYet = (kind: string): boolean =>
  KINDS.includes(kind) && !POLICY_KINDS.some((known) => known.kind === kind)
