import { describe, expect, it } from 'vitest'
import { HOUR, MINUTE, NEVER } from '../../../src/domain/time/instant.ts'
import { connection, judged, NOON, policy } from '../build.ts'

const tested = policy('posture', { require: ['managed', 'patched'], deny: ['lost', 'rooted'] })

describe('posture', () => {
  it.each<[readonly string[] | undefined, string]>([
    [['managed', 'patched'], 'fine'],
    [['managed', 'patched', 'other'], 'fine'],
    [['managed'], 'violated'],
    [['patched'], 'violated'],
    [['other'], 'violated'],
    [['managed', 'patched', 'rooted'], 'violated'],
    [['managed', 'patched', 'lost'], 'violated'],
    [[], 'unknown'],
    [undefined, 'unknown'],
  ])('finds a connection with the statuses %j %s', (posture, word) => {
    expect(judged(tested, connection({ posture }))).toMatchObject({ word, nextAt: NEVER })
  })

  it('is violated since the connection was established, else first seen, else now', () => {
    const since = (establishedAt: number | undefined, firstSeenAt?: number) =>
      judged(tested, connection({ establishedAt, posture: ['lost'] }), NOON, { firstSeenAt: () => firstSeenAt }).since
    expect(since(NOON - HOUR, NOON - MINUTE)).toBe(NOON - HOUR)
    expect(since(NOON, NOON - MINUTE)).toBe(NOON)
    expect(since(NOON + 1, NOON - MINUTE)).toBe(NOON - MINUTE)
    expect(since(undefined, NOON - MINUTE)).toBe(NOON - MINUTE)
    expect(since(undefined)).toBe(NOON)
  })

  it('explains which status is denied or missing, and lists all statuses', () => {
    const why = (posture: readonly string[]) => judged(tested, connection({ posture })).why
    expect(why(['managed', 'patched', 'rooted'])).toMatch(/"rooted".*managed, patched, rooted/)
    expect(why(['managed', 'other'])).toMatch(/"patched".*managed, other/)
    expect(why(['managed', 'patched'])).toContain('managed, patched')
    expect(why(['managed', 'patched'])).not.toContain('"')
  })
})
