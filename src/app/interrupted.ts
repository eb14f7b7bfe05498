import { createMemory, type KeptMemory } from '../domain/judge/memory.ts'
import type { KeptTermination } from '../domain/terminate/termination.ts'
import type { IntentRecord } from './audit.ts'

/** A call that the last process recorded and whose end it did not see. AWS may have carried it out. */
const interrupted = ({ time, event: _event, policySetHash: _hash, call, ...record }: IntentRecord): KeptTermination => {
  const { endpointId: _endpoint, account: _account, region: _region, ...violation } = record
  return {
    state: 'waiting',
    violation,
    attempts: 1,
    callId: call.id,
    selector: call.selector,
    leftAt: time,
    answeredAt: time,
    requestId: undefined,
    heard: 'unread',
    absences: 0,
    tryAgainAt: time,
  }
}

/** The open terminations: those of the state file, and those of intents that were written after its last save. */
const terminationsUnderWay = (
  kept: readonly KeptTermination[],
  openIntents: readonly IntentRecord[],
): readonly KeptTermination[] => {
  const ids = new Set(kept.map(({ violation }) => violation.connectionId))
  return [...kept, ...openIntents.filter(({ connectionId }) => !ids.has(connectionId)).map(interrupted)]
}

/** The memory of an endpoint from the state file and the trail together; undefined if neither has an entry. */
export const keptMemoryOf = (
  kept: KeptMemory | undefined,
  openIntents: readonly IntentRecord[],
): KeptMemory | undefined => {
  if (openIntents.length === 0) return kept
  return {
    ...(kept ?? createMemory().kept()),
    terminations: terminationsUnderWay(kept?.terminations ?? [], openIntents),
  }
}
