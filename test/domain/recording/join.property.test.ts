import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { ConnectionRecord } from '../../../src/domain/recording/connection-record.ts'
import { CONTRADICTIONS, createJoin } from '../../../src/domain/recording/join.ts'
import type { RecordedSession } from '../../../src/domain/recording/recorded-session.ts'
import { DAY, HOUR } from '../../../src/domain/time/instant.ts'
import { fuzzRuns } from '../../fuzz-runs.ts'

const instant = fc.integer({ min: 0, max: 60 }).map((hours) => hours * HOUR)
const maybe = <Value>(value: fc.Arbitrary<Value>) => fc.option(value, { nil: undefined })

/** Records of few connections at few instants, so that they often agree and often disagree. */
const record: fc.Arbitrary<ConnectionRecord> = fc.record({
  what: fc.constantFrom('begin', 'begin', 'begin', 'end', 'end', 'end', 'failed', 'login-step', 'shown'),
  connectionId: fc.constantFrom('a', 'b', 'c', 'd'),
  endpointId: fc.constantFrom('x', 'x', 'x', 'x', 'x', 'y'),
  username: fc.constantFrom(undefined, 'alice', 'alice', 'alice', 'Alice', 'bob'),
  commonName: fc.constantFrom(undefined, 'laptop'),
  startedAt: maybe(fc.oneof(fc.constant(HOUR), instant)),
  updatedAt: maybe(instant),
  endedAt: maybe(fc.oneof(fc.constant(9 * HOUR), instant)),
  ingressBytes: maybe(fc.nat(3)),
  egressBytes: maybe(fc.nat(3)),
  posture: fc.constantFrom(undefined, ['ok'], ['ok'], ['old'], ['ok', 'old'], ['old', 'ok']),
})

const joined = (records: readonly ConnectionRecord[]) => {
  const join = createJoin()
  for (const one of records) join.add(one)
  return join.recording()
}

const distinct = <Value>(values: readonly (Value | undefined)[]) => {
  const known = values.filter((value) => value !== undefined)
  return known.filter((value, index) => known.findIndex((one) => String(one) === String(value)) === index)
}

const highest = (values: readonly (number | undefined)[]) => {
  const known = distinct(values)
  return known.length === 0 ? undefined : Math.max(...known)
}

/** The sessions as the page describes them: all records of one connection at once, and each question for itself. */
const naively = (records: readonly ConnectionRecord[]): readonly RecordedSession[] => {
  const telling = records.filter(({ what }) => what !== 'failed' && what !== 'login-step')
  const sessionOf = (connectionId: string): readonly RecordedSession[] => {
    const own = records.filter((one) => one.connectionId === connectionId)
    const [begins, ends] = [own.filter(({ what }) => what === 'begin'), own.filter(({ what }) => what === 'end')]
    const shown = [...begins, ...ends]
    const has = (key: keyof ConnectionRecord) => distinct(shown.map((one) => one[key]))
    if (shown.length === 0 || (begins.length === 0 && own.some(({ what }) => what === 'failed'))) return []
    const [usernames, commonNames] = [has('username'), has('commonName')]
    const people = [usernames, commonNames].map((names) => distinct(names.map((name) => String(name).toLowerCase())))
    const [endpointId = '', ...others] = distinct(shown.map((one) => one.endpointId))
    if ([...people, [endpointId, ...others]].some((values) => values.length > 1)) return []
    const establishedAt = highest(shown.map(({ startedAt }) => startedAt))
    if (establishedAt === undefined) return []
    const recordedEnds = distinct(shown.map(({ endedAt }) => endedAt))
    const postures = distinct(shown.map(({ posture }) => posture))
    const session = {
      connectionId,
      endpointId,
      username: distinct(shown.map(({ username }) => username)).sort()[0],
      commonName: distinct(shown.map(({ commonName }) => commonName)).sort()[0],
      establishedAt,
      begin: begins.length > 0 ? 'recorded' : 'before',
      ingressBytes: highest(ends.map(({ ingressBytes }) => ingressBytes)),
      egressBytes: highest(ends.map(({ egressBytes }) => egressBytes)),
      posture: postures.length === 1 ? postures[0] : undefined,
    } as const
    if (recordedEnds.length > 0) {
      const endedAt = Math.min(...recordedEnds)
      return endedAt < establishedAt ? [] : [{ ...session, endedAt, end: 'recorded' }]
    }
    const here = telling.filter((one) => one.endpointId === endpointId)
    const to = highest(here.flatMap(({ startedAt, updatedAt, endedAt }) => [startedAt, updatedAt, endedAt])) ?? 0
    if (ends.length === 0 && to - establishedAt < DAY) return [{ ...session, endedAt: to, end: 'open' }]
    const updatedAt = highest(shown.map((one) => one.updatedAt)) ?? establishedAt
    return [{ ...session, endedAt: Math.max(establishedAt, updatedAt), end: 'last-update' }]
  }
  return distinct(records.map(({ connectionId }) => connectionId))
    .flatMap(sessionOf)
    .sort((one, other) => one.establishedAt - other.establishedAt || one.connectionId.localeCompare(other.connectionId))
}

describe('joining records', () => {
  it('gives the same sessions and counts for shuffled and repeated records', () => {
    const shuffled = fc.array(record, { maxLength: 16 }).chain((records) =>
      fc.tuple(
        fc.constant(records),
        fc.subarray(records).chain((again) =>
          fc.shuffledSubarray([...records, ...again], {
            minLength: records.length + again.length,
            maxLength: records.length + again.length,
          }),
        ),
      ),
    )
    fc.assert(
      fc.property(shuffled, ([records, others]) => {
        expect(joined(others)).toEqual(joined(records))
      }),
      { numRuns: fuzzRuns(600) },
    )
  })

  it('gives the sessions that a naive reading finds', () => {
    const seen = new Set<string>()
    fc.assert(
      fc.property(fc.array(record, { maxLength: 12 }), (records) => {
        const { sessions, contradictions } = joined(records)
        expect(sessions).toEqual(naively(records))
        for (const { begin, end } of sessions) seen.add(`${begin} ${end}`)
        for (const contradiction of CONTRADICTIONS) if (contradictions[contradiction] > 0) seen.add(contradiction)
      }),
      { numRuns: fuzzRuns(1500) },
    )
    const edges = ['recorded', 'last-update'].flatMap((end) => [`recorded ${end}`, `before ${end}`])
    expect(seen).toEqual(new Set([...edges, 'recorded open', ...CONTRADICTIONS]))
  })
})
