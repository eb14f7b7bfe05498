import type { Policy } from '../policies/policy.ts'
import type { DoorRules } from './door-rules.ts'

/** Whether the door judges a policy. One that reads posture statuses is `unknown` to it where no rule gives any. */
export const isJudgedAtTheDoor = ({ kind, rule }: Policy, posture: DoorRules['posture']): boolean =>
  kind.atTheDoor !== undefined && (posture.length > 0 || (kind.atTheDoor.statuses?.(rule) ?? []).length === 0)
