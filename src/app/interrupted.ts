import type { AuditRecord } from './audit.ts'
import type { Pursuit } from './verification.ts'

/** A call that the last process wrote down and did not see the end of: it may have been heard. */
export const interruptedPursuit = (intent: AuditRecord): Pursuit | undefined => {
  const { connectionId, policy, reason, call, time } = intent
  if (!connectionId || !policy || !reason || !call) return undefined
  const { username, commonName, since, deadline, because, alsoBy } = intent
  return {
    violation: {
      connectionId,
      username: username ?? undefined,
      commonName: commonName ?? undefined,
      policy,
      reason,
      since: since ?? undefined,
      deadline: deadline ?? undefined,
      because: because ?? '',
      alsoBy: alsoBy ?? [],
    },
    callId: call.id,
    selector: call.selector,
    requestId: undefined,
    attempts: 1,
    state: 'free',
    taken: true,
    leftAt: time,
    sentAt: time,
    againAt: time,
    absences: 0,
    gaveUp: false,
  }
}

/** What was under way: as the state file tells it and, of what came after it was last written, as the trail does. */
export const pursuitsUnderWay = (
  known: readonly Pursuit[],
  interrupted: readonly AuditRecord[],
): readonly Pursuit[] => {
  const ids = new Set(known.map(({ violation }) => violation.connectionId))
  const more = interrupted.flatMap((intent) => interruptedPursuit(intent) ?? [])
  return [...known, ...more.filter(({ violation }) => !ids.has(violation.connectionId))]
}
