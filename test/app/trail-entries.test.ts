import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createTrailEntries, LONGEST_STORY_MS, outcomeOf, type TrailEntry } from '../../src/app/trail-entries.ts'
import type { TrailRecord } from '../../src/app/trail-record.ts'

const AT = Date.UTC(2026, 11, 1, 8)

type Short = readonly [event: string, connectionId?: string | undefined, outcome?: string | undefined, atMs?: number]

const recordsOf = (short: readonly Short[]): readonly TrailRecord[] =>
  short.map(([event, connectionId, outcome, atMs], index) => ({
    seq: index + 1,
    time: new Date(AT + (atMs ?? index * 1000)).toISOString(),
    event,
    ...(connectionId === undefined ? {} : { connectionId, region: 'r', endpointId: 'e', policy: 'daily' }),
    ...(outcome === undefined ? {} : { outcome }),
    ...(connectionId === undefined ? {} : { call: { id: `x-${index + 1}`, selector: 'connection-id' as const } }),
  }))

const entriesOf = (records: readonly TrailRecord[], isWanted: (record: TrailRecord) => boolean = () => true) => {
  const entries: TrailEntry[] = []
  const trail = createTrailEntries(isWanted, (entry) => entries.push(entry))
  for (const record of records) trail.read(record)
  trail.end()
  return entries
}

/** The numbers of the records of each entry. */
const seqsOf = (entries: readonly TrailEntry[]) =>
  entries.map((entry) =>
    entry.entry === 'event'
      ? [entry.record.seq]
      : [...entry.calls, ...entry.results].map(({ seq }) => seq).sort((a, b) => a - b),
  )

const show = (short: readonly Short[], isWanted?: (record: TrailRecord) => boolean) =>
  seqsOf(entriesOf(recordsOf(short), isWanted))

describe('the entries of a trail', () => {
  it('have the records of a termination together, in the order of their first records', () => {
    expect(
      show([
        ['start'],
        ['intent', 'a'],
        ['intent', 'b'],
        ['held'],
        ['outcome', 'b', 'confirmed'],
        ['outcome', 'a', 'failed'],
        ['intent', 'a'],
        ['outcome', 'a', 'confirmed'],
        ['stop'],
      ]),
    ).toEqual([[1], [2, 6, 7, 8], [3, 5], [4], [9]])
  })

  it('begin a new story after a last outcome, and go on after any other', () => {
    for (const last of ['confirmed', 'already-gone', 'accepted'])
      expect(
        show([
          ['intent', 'a'],
          ['outcome', 'a', last],
          ['intent', 'a'],
        ]),
      ).toEqual([[1, 2], [3]])
    for (const other of ['failed', 'gave-up'])
      expect(
        show([
          ['intent', 'a'],
          ['outcome', 'a', other],
          ['intent', 'a'],
        ]),
      ).toEqual([[1, 2, 3]])
  })

  it('know an outcome without an intent, as of a connection that another’s call has ended', () => {
    const [entry] = entriesOf(recordsOf([['outcome', 'late', 'accepted']]))
    expect(entry).toMatchObject({ entry: 'termination', calls: [], results: [{ outcome: 'accepted', callId: 'x-1' }] })
  })

  it('keep connections of two endpoints apart', () => {
    const [one, other] = recordsOf([
      ['intent', 'a'],
      ['intent', 'a'],
    ])
    expect(seqsOf(entriesOf([one as TrailRecord, { ...(other as TrailRecord), region: 's' }]))).toEqual([[1], [2]])
  })

  it('are whole if one record is wanted', () => {
    const trail: Short[] = [['start'], ['intent', 'a'], ['intent', 'b'], ['gave-up', 'b', 'gave-up'], ['held']]
    expect(show(trail, ({ event }) => event === 'gave-up')).toEqual([[3, 4]])
    expect(show(trail, ({ event }) => event === 'held')).toEqual([[5]])
  })

  it('do not wait longer than a day for an outcome', () => {
    const entries: TrailEntry[] = []
    const trail = createTrailEntries(
      () => true,
      (entry) => entries.push(entry),
    )
    const day = LONGEST_STORY_MS
    const records = recordsOf([
      ['intent', 'a', undefined, 0],
      ['stop', undefined, undefined, day],
      ['start', undefined, undefined, day + 1],
      ['outcome', 'a', 'confirmed', day + 2],
    ])
    trail.read(records[0] as TrailRecord)
    trail.read(records[1] as TrailRecord)
    expect(entries).toEqual([])
    trail.read(records[2] as TrailRecord)
    expect(seqsOf(entries)).toEqual([[1], [2], [3]])
    trail.read(records[3] as TrailRecord)
    expect(seqsOf(entries).at(-1)).toEqual([4])
  })

  it('have every record once, in any trail, and agree with a search for each connection', () => {
    const record = fc.record({
      connectionId: fc.constantFrom('a', 'b', 'c'),
      what: fc.constantFrom<readonly [string, string?]>(
        ['intent'],
        ['outcome', 'failed'],
        ['gave-up', 'gave-up'],
        ['outcome', 'confirmed'],
        ['outcome', 'already-gone'],
        ['held'],
      ),
    })
    fc.assert(
      fc.property(fc.array(record, { maxLength: 40 }), (all) => {
        const short = all.map(
          ({ connectionId, what: [event, outcome] }): Short =>
            event === 'held' ? [event] : [event, connectionId, outcome],
        )
        const entries = entriesOf(recordsOf(short))
        const expected: number[][] = []
        for (const id of ['a', 'b', 'c']) {
          let story: number[] = []
          for (const [index, [, connectionId, outcome]] of short.entries()) {
            if (connectionId !== id) continue
            story.push(index + 1)
            if (outcome !== 'confirmed' && outcome !== 'already-gone') continue
            expected.push(story)
            story = []
          }
          if (story.length > 0) expected.push(story)
        }
        for (const [index, [event]] of short.entries()) if (event === 'held') expected.push([index + 1])
        expect(seqsOf(entries)).toEqual(expected.sort(([a = 0], [b = 0]) => a - b))
        for (const entry of entries)
          if (entry.entry === 'termination') expect(outcomeOf(entry)).toBe(entry.results.at(-1)?.outcome)
      }),
    )
  })
})
