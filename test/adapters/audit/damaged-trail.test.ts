import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { openAuditTrail } from '../../../src/adapters/audit/audit-trail.ts'
import { openIntents } from '../../../src/adapters/audit/open-intents.ts'
import { verifyChain } from '../../../src/adapters/audit/verify-chain.ts'
import { AuditError, type AuditEvent } from '../../../src/app/audit.ts'
import { interruptedPursuit } from '../../../src/app/interrupted.ts'
import { fuzzRuns } from '../../fuzz-runs.ts'
import { turnedBits } from '../../turned-bits.ts'
import { AT, folder, record } from './chain.ts'

const events: readonly AuditEvent[] = ['start', 'intent', 'outcome', 'intent', 'held', 'intent']

/** A trail as a daemon writes it, with calls that have ended and calls that have not. */
const written = async () => {
  using at = folder()
  const trail = await openAuditTrail({ file: at.file })
  await trail.write(
    events.map((event, index) =>
      record(`c${index}é`, {
        event,
        time: AT + index,
        endpointId: 'endpoint',
        username: 'mallory@corp.example',
        policy: 'daily',
        reason: 'session-age',
        because: 'too old',
        since: AT,
        deadline: AT,
        call: { id: 'x-1', selector: 'connection-id' },
      }),
    ),
  )
  const head = trail.head()
  await trail.close()
  return { bytes: readFileSync(at.file), head }
}

/** What a start makes of a file: what it has cut off its end, or why it was refused. */
const start = async (bytes: Buffer) => {
  using at = folder()
  writeFileSync(at.file, bytes)
  try {
    const trail = await openAuditTrail({ file: at.file })
    try {
      for (const intent of await openIntents(at.file, AT)) interruptedPursuit(intent)
    } finally {
      await trail.close()
    }
    const left = readFileSync(at.file)
    const torn = trail.repaired === undefined ? Buffer.alloc(0) : readFileSync(trail.repaired.keptAs)
    // Whatever it was: nothing is gone, and what is left is as it was.
    expect(Buffer.concat([left, torn])).toEqual(bytes)
    return { torn }
  } catch (error) {
    if (!(error instanceof AuditError)) throw error
    expect(error.code).toBe('damaged')
    expect(error.message).toContain(at.file)
    expect(readFileSync(at.file)).toEqual(bytes)
    expect(readdirSync(at.path)).toEqual(['audit.jsonl'])
    return 'refused'
  }
}

const verify = async (bytes: Buffer) => {
  using at = folder()
  writeFileSync(at.file, bytes)
  return await verifyChain([at.file])
}

describe('an audit file in which something was changed', () => {
  it('is not continued, and found by audit verify, whichever bit was turned', async () => {
    const { bytes, head } = await written()
    const lastLine = bytes.lastIndexOf(10, bytes.length - 2) + 1
    for (const { place, turned } of turnedBits(bytes, 32)) {
      const started = await start(turned)
      const { fault, head: found } = await verify(turned)
      if (place < lastLine) {
        expect([place, started]).toEqual([place, 'refused'])
        expect([place, fault === undefined]).toEqual([place, false])
      } else {
        // No line vouches for the last one: the head does that was logged. Without its end it counts as torn off.
        expect([place, fault === undefined && found.hash === head.hash]).toEqual([place, false])
        if (started !== 'refused' && started.torn.length > 0) expect(place).toBe(bytes.length - 1)
      }
    }
  })

  it('goes on after its last whole line wherever it was cut off; only whole lines that are gone leave no trace', async () => {
    const { bytes } = await written()
    for (let length = 0; length < bytes.length; length += 1 + Math.floor(4 / fuzzRuns(1))) {
      const left = bytes.subarray(0, length)
      const torn = left.subarray(left.lastIndexOf(10) + 1)
      expect(await start(left)).toEqual({ torn })
      const { fault, head } = await verify(left)
      expect(fault === undefined).toBe(torn.length === 0)
      expect(head.seq).toBe(left.filter((byte) => byte === 10).length)
    }
  })

  it('is not continued, or nothing but its torn end is cut off, whatever bytes are gone, others or more', async () => {
    const { bytes } = await written()
    const edit = fc.tuple(fc.nat(), fc.nat(300), fc.uint8Array({ maxLength: 4 }))
    await fc.assert(
      fc.asyncProperty(fc.array(edit, { minLength: 1, maxLength: 3 }), async (edits) => {
        const left = edits.reduce<Buffer>((before, [place, drop, insert]) => {
          const at = place % (before.length + 1)
          return Buffer.concat([before.subarray(0, at), insert, before.subarray(at + drop)])
        }, bytes)
        const started = await start(left)
        const { fault } = await verify(left)
        // A start reads this file alone, and its end: what it continues is whole up to there.
        if (started !== 'refused' && started.torn.length === 0) expect([0, 1]).toContain(fault?.line ?? 0)
      }),
      { numRuns: fuzzRuns(200) },
    )
  })
})
