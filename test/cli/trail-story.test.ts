import { describe, expect, it } from 'vitest'
import type { TrailEntry } from '../../src/app/trail-entries.ts'
import type { TrailRecord } from '../../src/app/trail-record.ts'
import { storyLines } from '../../src/cli/trail-story.ts'

const RECORD: TrailRecord = { seq: 1, time: '2026-12-01T09:00:00.000Z', event: 'would-end' }
const linesOf = (entry: TrailEntry) => storyLines(entry, 100_000).split('\n')
const eventText = (record: Partial<TrailRecord> & Readonly<Record<string, unknown>>) =>
  linesOf({ entry: 'event', record: { ...RECORD, ...record } }).join('\n')

/** A line feed, a mark that turns the direction of a text, and an escape sequence. */
const ODD = '\n2026-12-01T10:00:00Z  \u202ealice: ended\u001b[2J'

describe('an entry of the trail for a reader', () => {
  it('shows a name as the other commands do', () => {
    expect(eventText({ username: 'eve ' })).toContain('would-end: "eve ";')
    expect(eventText({ commonName: 'm\u0430llory' })).toContain('would-end: cn "m\\u0430llory";')
    expect(eventText({ username: 'bob', commonName: 'bob' })).toContain('would-end: bob;')
    expect(eventText({ event: 'list-changed', added: ['eve ', 'bob'], removed: [] })).toBe(
      '2026-12-01T09:00:00Z  list-changed: added "eve ", bob; removed none',
    )
  })

  it('shows no value of a record as a line of its own, or as something that a terminal obeys', () => {
    const texts = Object.fromEntries(
      'endpointId account region connectionId username commonName policy reason because requestId policySetHash heldBy'
        .split(' ')
        .map((key) => [key, ODD]),
    )
    const record: TrailRecord = { ...RECORD, ...texts, alsoBy: [ODD], added: [ODD], removed: [ODD] }
    for (const event of ['would-end', 'policy-set', `held${ODD}`]) {
      const foreign = { ...record, event, file: ODD, [ODD]: ODD, list: [ODD] }
      expect(linesOf({ entry: 'event', record: foreign })).toEqual([expect.not.stringMatching(/\p{C}/u)])
    }
    const story = linesOf({
      entry: 'termination',
      last: record,
      calls: [{ id: ODD, selector: ODD, intentAt: RECORD.time, seq: 1, policy: ODD }],
      results: [{ at: RECORD.time, outcome: ODD, callId: ODD, requestId: ODD, seq: 2 }],
    })
    expect(story).toHaveLength(8)
    for (const line of story) expect(line).not.toMatch(/\p{C}/u)
  })

  it('says why a due connection was not ended', () => {
    expect(eventText({ username: 'bob' })).toContain('bob; would have ended, but the policy only reports')
    expect(eventText({ username: 'bob', heldBy: 'guard' })).toContain(
      'would have ended, but the guard holds the policy',
    )
  })

  it('says what an extension has moved', () => {
    const record = {
      event: 'extended',
      username: 'bob',
      policy: 'daily',
      because: 'too old',
      deadline: '2026-12-01T09:10:00.000Z',
      endsAt: '2026-12-01T10:10:00.000Z',
      extension: 1,
      by: '1h',
      via: 'link',
    }
    expect(eventText(record)).toBe(
      '2026-12-01T09:00:00Z  extended: bob; moved the end by 1h from 2026-12-01T09:10:00Z to 2026-12-01T10:10:00Z through a link, extension 1; policy daily: too old',
    )
  })
})
