import { join } from 'node:path'
import { BEFORE_ALL, hashOf, lineOf } from '../../src/adapters/audit/audit-line.ts'
import { createStateFile } from '../../src/adapters/files/state-file.ts'
import type { AuditHead, IntentRecord } from '../../src/app/audit.ts'
import { endpointKey } from '../../src/app/site.ts'
import { createMemory, type KeptMemory } from '../../src/domain/judge/memory.ts'
import type { Instant } from '../../src/domain/time/instant.ts'
import type { workspace } from './curfew.ts'

/** The facts of a termination that the daemon began `beganAt`, under a policy of session ages. */
export const terminationOf = (connectionId: string, username: string, policy: string, beganAt: Instant) =>
  ({
    violation: {
      connectionId,
      username,
      commonName: undefined,
      policy,
      reason: 'session-age',
      since: beganAt,
      deadline: beganAt,
      because: 'too old',
      alsoBy: [],
    },
    attempts: 3,
    callId: `call-${connectionId}`,
    selector: 'connection-id',
    leftAt: beganAt,
    answeredAt: beganAt,
    requestId: undefined,
  }) as const

/**
 * Changes what the daemon's state remembers of an endpoint. The audit trail gets the intent of every termination in it: a
 * termination without one does not count.
 */
export const changeKept = async (
  here: Pick<Awaited<ReturnType<typeof workspace>>, 'folder' | 'write'>,
  on: { readonly region: string; readonly endpointId: string },
  change: (kept: KeptMemory) => KeptMemory,
): Promise<void> => {
  const store = createStateFile(join(here.folder, 'data/state.json'))
  const state = await store.peek()
  const key = endpointKey(on.region, on.endpointId)
  const kept = change(state.endpoints[key] ?? { ...createMemory().kept(), watchedSince: 0 })
  await store.save({ ...state, endpoints: { ...state.endpoints, [key]: kept } })
  if (kept.terminations.length === 0) return
  let head: AuditHead = BEFORE_ALL
  const lines = kept.terminations.map(({ violation, callId, selector, leftAt }) => {
    const call = { id: callId, selector }
    const place = { ...on, account: undefined, policySetHash: '0'.repeat(64) }
    const intent: IntentRecord = { time: leftAt, event: 'intent', ...place, ...violation, call }
    const line = lineOf(intent, head)
    head = { seq: head.seq + 1, hash: hashOf(line) }
    return `${line.toString()}\n`
  })
  await here.write('data/audit.jsonl', lines.join(''))
}
