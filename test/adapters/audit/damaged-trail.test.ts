import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { openAuditTrail } from '../../../src/adapters/audit/audit-trail.ts'
import { replay } from '../../../src/adapters/audit/replay.ts'
import { inOrder } from '../../../src/adapters/audit/trail-parts.ts'
import { verifyChain } from '../../../src/adapters/audit/verify-chain.ts'
import { AuditError, type AuditRecord } from '../../../src/app/audit.ts'
import { createKnownByTrail } from '../../../src/app/known-by-trail.ts'
import { EMPTY_STATE } from '../../../src/app/state.ts'
import { fuzzRuns } from '../../fuzz-runs.ts'
import { IS_NIGHTLY } from '../../nightly.ts'
import { turnedBits } from '../../turned-bits.ts'
import { AT, folder } from './chain.ts'

const about = (index: number) => ({
  time: AT + index,
  policySetHash: 'hash',
  endpointId: 'endpoint',
  account: undefined,
  region: 'eu-central-1',
  connectionId: `c${index}é`,
  username: 'mallory@corp.example',
  commonName: undefined,
  policy: 'daily',
  reason: 'session-age',
  because: 'too old',
  alsoBy: [],
  since: AT,
  deadline: AT,
})
const call = { id: 'x-1', selector: 'connection-id' } as const
const records: readonly AuditRecord[] = [
  { time: AT, event: 'start', because: 'mode enforce', policySetHash: 'hash' },
  { ...about(1), event: 'intent', call },
  { ...about(2), event: 'outcome', call, requestId: 'request-1', outcome: 'confirmed' },
  { ...about(3), event: 'intent', call },
  { ...about(4), event: 'held' },
  { ...about(5), event: 'intent', call },
]

/** A trail as a daemon writes it, with terminations that have an outcome and others that have none. */
const written = async () => {
  using at = folder()
  const trail = await openAuditTrail({ file: at.file })
  await trail.write(records)
  const head = trail.head()
  await trail.close()
  return { bytes: readFileSync(at.file), head }
}

/** Starts with a file that holds these bytes. The result is the torn end that was removed, or `refused`. */
const start = async (bytes: Buffer) => {
  using at = folder()
  writeFileSync(at.file, bytes)
  try {
    const trail = await openAuditTrail({ file: at.file })
    try {
      const { since, read, known } = createKnownByTrail(EMPTY_STATE, [], AT)
      await replay(at.file, since, read)
      known()
    } finally {
      await trail.close()
    }
    const left = readFileSync(at.file)
    const torn = trail.repaired === undefined ? Buffer.alloc(0) : readFileSync(trail.repaired.keptAs)
    // No byte is lost, and the remaining file is unchanged.
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
  return await verifyChain(await inOrder([at.file]))
}

describe('a changed audit file', () => {
  it('is not continued, and audit verify finds it, whichever bit was flipped', async () => {
    const { bytes, head } = await written()
    const lastLine = bytes.lastIndexOf(10, bytes.length - 2) + 1
    for (const { place, turned } of turnedBits(bytes, IS_NIGHTLY ? 64 : 192)) {
      const started = await start(turned)
      const { fault, head: found } = await verify(turned)
      if (place < lastLine) {
        expect([place, started]).toEqual([place, 'refused'])
        expect([place, fault === undefined]).toEqual([place, false])
      } else {
        // No line proves the last line: the logged head does. A last line without its newline counts as a torn end.
        expect([place, fault === undefined && found.hash === head.hash]).toEqual([place, false])
        if (started !== 'refused' && started.torn.length > 0) expect(place).toBe(bytes.length - 1)
      }
    }
  })

  it('is continued after its last whole line wherever it was truncated; only a loss of whole lines leaves no trace', async () => {
    const { bytes } = await written()
    for (let length = 0; length < bytes.length; length += 1 + Math.floor((IS_NIGHTLY ? 10 : 28) / fuzzRuns(1))) {
      const left = bytes.subarray(0, length)
      const torn = left.subarray(left.lastIndexOf(10) + 1)
      expect(await start(left)).toEqual({ torn })
      const { fault, head } = await verify(left)
      expect(fault === undefined).toBe(torn.length === 0)
      expect(head.seq).toBe(left.filter((byte) => byte === 10).length)
    }
  })

  it('is not continued, or loses only its torn end, whatever bytes were removed, replaced or added', async () => {
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
        // A start reads only this file, not those before it: a file that it continues is whole in itself.
        if (started !== 'refused' && started.torn.length === 0) expect([0, 1]).toContain(fault?.line ?? 0)
      }),
      { numRuns: fuzzRuns(IS_NIGHTLY ? 100 : 40) },
    )
  })
})
