import { describe, expect, it } from 'vitest'
import { MINUTE, NEVER } from '../../../src/domain/time/instant.ts'
import { connection, judged, NOON, policy } from '../build.ts'

const limited = (limits: Record<string, string>) => policy('max-transfer', limits)
const carrying = (ingressBytes: number | undefined, egressBytes: number | undefined) =>
  connection({ ingressBytes, egressBytes })

describe('max-transfer', () => {
  it.each<[Record<string, string>, number | undefined, number | undefined, string]>([
    [{ ingress: '1KB' }, 1000, 5000, 'fine'],
    [{ ingress: '1KB' }, 1001, 0, 'violated'],
    [{ ingress: '1KB' }, 1001, undefined, 'violated'],
    [{ ingress: '1KB' }, undefined, 5000, 'unknown'],
    [{ egress: '1KB' }, 5000, 1000, 'fine'],
    [{ egress: '1KB' }, 0, 1001, 'violated'],
    [{ egress: '1KB' }, undefined, 1001, 'violated'],
    [{ egress: '1KB' }, 5000, undefined, 'unknown'],
    [{ total: '1KB' }, 500, 500, 'fine'],
    [{ total: '1KB' }, 501, 500, 'violated'],
    [{ total: '1KB' }, 500, 501, 'violated'],
    [{ total: '1KB' }, 1001, undefined, 'unknown'],
    [{ total: '1KB' }, undefined, 1001, 'unknown'],
    [{ ingress: '1KB', egress: '2KB' }, 1000, 2000, 'fine'],
    [{ ingress: '1KB', egress: '2KB' }, 1000, 2001, 'violated'],
    [{ ingress: '1KB', egress: '2KB' }, 1001, undefined, 'unknown'],
    [{ ingress: '1KB', total: '1100B' }, 600, 501, 'violated'],
  ])('%j finds a connection that sent %s and received %s %s', (limits, sent, received, word) => {
    expect(judged(limited(limits), carrying(sent, received))).toMatchObject({ word, nextAt: NEVER })
  })

  it('is violated since the note, else since the first snapshot, else since now', () => {
    const total = limited({ total: '1KB' })
    const since = (different: Parameters<typeof judged>[3]) => judged(total, carrying(2000, 0), NOON, different).since
    const firstSeenAt = () => NOON - 2 * MINUTE
    expect(since({ note: () => ({ at: NOON - MINUTE, bytes: 0 }), firstSeenAt })).toBe(NOON - MINUTE)
    expect(since({ firstSeenAt })).toBe(NOON - 2 * MINUTE)
    expect(since({})).toBe(NOON)
  })

  it('notes when a connection was first above a limit, and clears the note when it is not', () => {
    const tested = limited({ total: '1KB' })
    const note = tested.kind.note?.(tested.rule)
    const before = { at: NOON - MINUTE, bytes: 0 }
    expect(note?.(undefined, carrying(1001, 0), NOON)).toEqual({ at: NOON, bytes: 0 })
    expect(note?.(before, carrying(1001, 0), NOON)).toBe(before)
    expect(note?.(before, carrying(1000, 0), NOON)).toBeUndefined()
    expect(note?.(before, carrying(undefined, 2000), NOON)).toBeUndefined()
  })

  it('explains how much was sent, received or carried, and how much is allowed', () => {
    const both = limited({ ingress: '1KiB', egress: '2KiB' })
    expect(judged(both, carrying(1024, 3 * 1024)).why).toBe('the client received 3KiB: more than the 2KiB allowed')
    expect(judged(both, carrying(512, 0)).why).toBe('the client sent 512B: within the 1KiB allowed')
    const total = judged(limited({ total: '1KiB' }), carrying(1024, 1024)).why
    expect(total).toBe('the connection carried 2KiB: more than the 1KiB allowed')
    const finding = { word: 'unknown' as const, until: NEVER, lacks: '' }
    const { applicability } = judged(both, carrying(512, undefined))
    expect(applicability.judge.because(carrying(512, undefined), finding, NOON)).not.toContain('512B')
  })
})
