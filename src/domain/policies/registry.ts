import { bannedUsers } from './banned-users.ts'
import { idleTimeout } from './idle-timeout.ts'
import { maxSessionAge } from './max-session-age.ts'
import { maxSessions } from './max-sessions.ts'
import { maxTransfer } from './max-transfer.ts'
import { offHours } from './off-hours.ts'
import type { PolicyKind } from './policy.ts'
import { posture } from './posture.ts'

/** All kinds of policy. A new kind needs a file and a line here. */
export const POLICY_KINDS: readonly PolicyKind[] = [
  bannedUsers,
  posture,
  maxSessions,
  maxTransfer,
  maxSessionAge,
  idleTimeout,
  offHours,
]

/** The reasons why a connection ends: a closed list that the log, the metrics, the audit trail and JSON share. */
export const REASONS: readonly string[] = [...POLICY_KINDS.map(({ reason }) => reason), 'cooldown']

/** What to do for the person whose session ends or has ended for a reason. */
export const WHAT_TO_DO: ReadonlyMap<string, string> = new Map([
  ...POLICY_KINDS.map(({ reason, whatToDo }) => [reason, whatToDo] as const),
  ['cooldown', 'Wait until the cooldown is over, then connect again.'],
])
