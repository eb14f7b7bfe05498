import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { openAuditTrail } from '../../../src/adapters/audit/audit-trail.ts'
import { openIntents } from '../../../src/adapters/audit/open-intents.ts'
import type { AuditRecord } from '../../../src/app/audit.ts'

describe('the open intents of a trail', () => {
  it('are those since an instant that no outcome of the same connection followed', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'curfew-intents-'))
    const file = join(folder, 'audit.jsonl')
    const trail = await openAuditTrail({ file })
    const record = (event: AuditRecord['event'], connectionId: string, time: number): AuditRecord => ({
      time,
      event,
      endpointId: 'endpoint',
      connectionId,
      policy: 'daily',
      reason: 'session-age',
      since: time - 1,
      deadline: time - 1,
      because: 'says "event":"outcome" in its text',
      call: { id: `call-${connectionId}`, selector: 'connection-id' },
    })
    await trail.write([
      record('intent', 'too-old', 10),
      record('intent', 'ended', 1000),
      record('outcome', 'ended', 1001),
      record('intent', 'given-up', 1002),
      record('gave-up', 'given-up', 1003),
      record('intent', 'open', 1004),
      record('would-end', 'audited', 1005),
      record('intent', 'tried-again', 1006),
      record('outcome', 'tried-again', 1007),
      record('intent', 'tried-again', 1008),
    ])
    await trail.close()
    const found = await openIntents(file, 1000)
    expect(found.map(({ connectionId, time }) => [connectionId, time])).toEqual([
      ['open', 1004],
      ['tried-again', 1008],
    ])
    expect(found[0]).toMatchObject(record('intent', 'open', 1004))
    await rm(folder, { recursive: true, force: true })
  })
})
