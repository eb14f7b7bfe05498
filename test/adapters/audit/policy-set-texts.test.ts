import { describe, expect, it } from 'vitest'
import { openAuditTrail } from '../../../src/adapters/audit/audit-trail.ts'
import type { AuditRecord } from '../../../src/app/audit.ts'
import { AT, folder, record } from './chain.ts'

const HASH = 'a'.repeat(64)

const part = (number: number, parts: number): AuditRecord => ({
  time: AT,
  event: 'policy-set',
  part: number,
  parts,
  text: `part ${number}`,
  policySetHash: HASH,
})

const open = (file: string, rotateAtBytes?: number) =>
  openAuditTrail({ file, ...(rotateAtBytes !== undefined && { rotateAtBytes }) })

describe('a trail knows the policy sets whose text is in the current file', () => {
  it('from the last part on, whatever is between the parts, and after a restart', async () => {
    using at = folder()
    const trail = await open(at.file)
    await trail.write([part(2, 2), record('a')])
    expect(trail.hasPolicySet(HASH)).toBe(false)
    await trail.write([part(1, 2)])
    expect(trail.hasPolicySet(HASH)).toBe(true)
    await trail.close()
    const again = await open(at.file)
    expect(again.hasPolicySet(HASH)).toBe(true)
    expect(again.hasPolicySet('b'.repeat(64))).toBe(false)
    await again.close()
  })

  it('but not from a text that was interrupted', async () => {
    using at = folder()
    const trail = await open(at.file)
    await trail.write([part(1, 2), part(1, 2)])
    await trail.close()
    const again = await open(at.file)
    expect(again.hasPolicySet(HASH)).toBe(false)
    await again.close()
  })

  it('and not those of a file that was rotated', async () => {
    using at = folder()
    const trail = await open(at.file, 500)
    await trail.write([part(1, 1)])
    expect(trail.hasPolicySet(HASH)).toBe(true)
    for (const id of ['a', 'b', 'c']) await trail.write([record(id)])
    expect(trail.hasPolicySet(HASH)).toBe(false)
    await trail.close()
  })
})
