import { bannedUsers } from './banned-users.ts'
import { idleTimeout } from './idle-timeout.ts'
import { maxSessionAge } from './max-session-age.ts'
import { maxSessions } from './max-sessions.ts'
import { maxTransfer } from './max-transfer.ts'
import { offHours } from './off-hours.ts'
import type { PolicyKind } from './policy.ts'
import { posture } from './posture.ts'

/** Every kind of policy there is. A new one is its file and its line here. */
export const POLICY_KINDS: readonly PolicyKind[] = [
  bannedUsers,
  posture,
  maxSessions,
  maxTransfer,
  maxSessionAge,
  idleTimeout,
  offHours,
]
