import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { openAuditTrail } from '../../../src/adapters/audit/audit-trail.ts'
import { openIntents } from '../../../src/adapters/audit/open-intents.ts'
import type { AuditRecord, IntentRecord, OutcomeRecord } from '../../../src/app/audit.ts'

describe('the open intents of a trail', () => {
  it('are the intents since an instant without a later outcome of the same connection', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'curfew-intents-'))
    const file = join(folder, 'audit.jsonl')
    const trail = await openAuditTrail({ file })
    const about = (connectionId: string, time: number) => ({
      time,
      policySetHash: 'hash',
      endpointId: 'endpoint',
      account: '111122223333',
      region: 'eu-central-1',
      connectionId,
      username: 'alice',
      commonName: undefined,
      policy: 'daily',
      reason: 'session-age',
      since: time - 1,
      deadline: undefined,
      because: 'says "event":"outcome" in its text',
      alsoBy: ['nights'],
      call: { id: `call-${connectionId}`, selector: 'connection-id' as const },
    })
    const intent = (connectionId: string, time: number): IntentRecord => ({
      ...about(connectionId, time),
      event: 'intent',
    })
    const end = (event: OutcomeRecord['event'], connectionId: string, time: number): OutcomeRecord => ({
      ...about(connectionId, time),
      event,
      requestId: undefined,
      outcome: 'confirmed',
    })
    const audited = (connectionId: string, time: number): AuditRecord => ({
      ...about(connectionId, time),
      event: 'would-end',
    })
    await trail.write([
      intent('too-old', 10),
      intent('ended', 1000),
      end('outcome', 'ended', 1001),
      intent('given-up', 1002),
      end('gave-up', 'given-up', 1003),
      intent('open', 1004),
      audited('audited', 1005),
      intent('tried-again', 1006),
      end('outcome', 'tried-again', 1007),
      intent('tried-again', 1008),
    ])
    await trail.close()
    const found = await openIntents(file, 1000)
    expect(found.map(({ connectionId, time }) => [connectionId, time])).toEqual([
      ['open', 1004],
      ['tried-again', 1008],
    ])
    expect(found[0]).toEqual(intent('open', 1004))
    await rm(folder, { recursive: true, force: true })
  })
})
