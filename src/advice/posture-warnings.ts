import type { PostureRule } from '../domain/door/door-rules.ts'
import type { Policy } from '../domain/policies/policy.ts'
import type { PolicyWarning } from './policy-warnings.ts'

/**
 * Warnings about posture statuses that policies ask for and that the rules of `connectHandler.posture` do not give as the
 * operator probably means it. Without rules, another handler may give them.
 */
export const postureWarnings = (
  policies: readonly Policy[],
  posture: readonly PostureRule[],
): readonly PolicyWarning[] => {
  if (posture.length === 0) return []
  const asked = policies.flatMap((policy) =>
    (policy.kind.atTheDoor?.statuses?.(policy.rule) ?? []).map((one) => ({ policy, ...one })),
  )
  const given = new Set(posture.map(({ status }) => status))
  const notGiven = asked
    .filter(({ status }) => !given.has(status))
    .map(({ policy, path, status, isRequired }) => {
      const meaning = isRequired ? 'nobody who has a status satisfies the policy' : 'it keeps nobody out'
      const message = `no rule of "connectHandler.posture" gives the status "${status}", so that ${meaning}: correct it, or add a rule that gives it`
      return { policy, path, message }
    })
  const isForAll = posture.some(({ match }) => match === undefined)
  if (isForAll || !asked.some(({ isRequired }) => isRequired)) return notGiven
  return [...notGiven, { policy: undefined, path: ['connectHandler', 'posture'], message: NOT_FOR_ALL }]
}

const NOT_FOR_ALL =
  'no rule selects everybody, and whoever has no status at all is kept, whatever policies require: add a rule without "match", such as { status: checked }'
