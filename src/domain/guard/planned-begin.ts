import type { Connection } from '../connection.ts'
import type { ViolatedVerdict } from '../judge/verdict.ts'
import type { History } from '../policies/policy.ts'

/**
 * Whether a violation began with the `from` of its policy, and the last edit of the policy is older than that. Then
 * the operator wrote down its begin beforehand. This includes connections that are established later, as long as
 * the policy has been violated without a break since `from`: clients that reconnect in a freeze were foreseen too.
 */
export const isPlannedBegin = (verdict: ViolatedVerdict, connection: Connection, history: History): boolean => {
  const { policy, since, applicability } = verdict
  const { from } = policy
  if (from === undefined || history.changedAt(policy) >= from) return false
  if (since <= from) return true
  const atBegin = applicability.judge.find(connection, history, from)
  return atBegin.word === 'violated' && since < atBegin.until
}
