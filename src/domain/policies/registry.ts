import type { PolicyKind } from '../policy.ts'
import { bannedUsers } from './banned-users.ts'
import { maxSessionAge } from './max-session-age.ts'
import { offHours } from './off-hours.ts'

/** Every kind of policy there is. A new one is its file and its line here. */
export const POLICY_KINDS: readonly PolicyKind[] = [bannedUsers, maxSessionAge, offHours]
