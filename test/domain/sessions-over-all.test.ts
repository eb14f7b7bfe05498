import { describe, expect, it } from 'vitest'
import type { Connection } from '../../src/domain/connection.ts'
import type { Policy } from '../../src/domain/policies/policy.ts'
import { HOUR, MINUTE, SECOND } from '../../src/domain/time/instant.ts'
import { connection, entry, NOON, policy } from './build.ts'
import { createEndpoint } from './endpoint.ts'
import { createFleet } from './fleet.ts'

const [OFFICE, LAB, HOME] = ['cvpn-endpoint-0ff1ce', 'cvpn-endpoint-1ab', 'cvpn-endpoint-40e']
const STALE_AFTER = 5 * MINUTE

const limit = (most: number, more: Record<string, unknown> = {}, different: Partial<Policy> = {}) =>
  policy('max-sessions', { limit: most, across: 'all', ...more }, different)

/** A connection of alice that was established so many minutes after eleven. */
const on = (endpointId: string, id: string, minutes: number, different: Partial<Connection> = {}) =>
  connection({ endpointId, id, establishedAt: NOON - HOUR + minutes * MINUTE, ...different })

/** Reads all endpoints at noon. */
const fleetWith = (policies: readonly Policy[], rows: readonly Connection[], ids = [OFFICE, LAB]) => {
  const fleet = createFleet(policies, ids, STALE_AFTER)
  for (const id of ids)
    fleet.read(
      id,
      rows.filter(({ endpointId }) => endpointId === id),
      NOON,
    )
  return fleet
}

const THREE = [on(OFFICE, 'a', 1), on(LAB, 'b', 2), on(OFFICE, 'c', 3)]

describe('max-sessions over all endpoints', () => {
  it.each([
    ['oldest', ['a', 'b']],
    ['newest', ['c', 'd']],
  ])('ends the %s of all, whichever endpoint they are on', (evict, ended) => {
    const rows = [...THREE, on(HOME, 'd', 4)]
    expect(fleetWith([limit(2, { evict })], rows, [OFFICE, LAB, HOME]).ended(NOON)).toEqual(ended)
  })

  it('orders connections that were established together by their ids, on every endpoint alike', () => {
    const rows = [on(LAB, 'b', 1), on(OFFICE, 'c', 1), on(OFFICE, 'a', 1)]
    expect(fleetWith([limit(1)], rows).ended(NOON)).toEqual(['a', 'b'])
    expect(fleetWith([limit(1, { evict: 'newest' })], rows).ended(NOON)).toEqual(['b', 'c'])
  })

  it('is violated since the connection was established that made it surplus, also on another endpoint', () => {
    const [a, b, c] = THREE.map((row) => row)
    const fleet = fleetWith([limit(2)], [...THREE, on(LAB, 'd', 4)])
    const since = (row: Connection | undefined) => row && fleet.explain(row, NOON).verdicts[0]?.verdict.since
    expect([since(a), since(b), since(c)]).toEqual([NOON - 57 * MINUTE, NOON - 56 * MINUTE, undefined])
  })

  it('counts each endpoint alone without the key', () => {
    expect(fleetWith([policy('max-sessions', { limit: 2 })], THREE).ended(NOON)).toEqual([])
    expect(fleetWith([policy('max-sessions', { limit: 2, across: 'endpoint' })], THREE).ended(NOON)).toEqual([])
  })

  it('counts on another endpoint what it counts on its own', () => {
    const ended = (there: Partial<Connection>, policies: readonly Policy[] = [limit(1)]) =>
      fleetWith(policies, [on(OFFICE, 'a', 1), on(LAB, 'b', 2, there)]).ended(NOON)
    expect(ended({})).toEqual(['a'])
    expect(ended({ username: 'ALICE' })).toEqual(['a'])
    expect(ended({ username: 'bob' })).toEqual([])
    expect(ended({ establishedAt: undefined })).toEqual([])
    expect(ended({ status: 'terminating' })).toEqual([])
    expect(ended({ username: undefined })).toEqual([])
    const device = { username: undefined, commonName: 'kiosk' }
    const kiosks = [on(OFFICE, 'a', 1, device), on(LAB, 'b', 2, device)]
    expect(fleetWith([limit(1)], kiosks).ended(NOON)).toEqual([])
    expect(fleetWith([limit(1, { countByCommonName: true })], kiosks).ended(NOON)).toEqual(['a'])

    const lab = { users: undefined, endpoints: [entry(LAB)], regions: undefined }
    expect(ended({}, [limit(1, {}, { exempt: lab })])).toEqual([])
    expect(ended({}, [limit(1, {}, { match: lab })])).toEqual([])
    const pager = { users: [entry('cn:pager')], endpoints: undefined, regions: undefined }
    expect(ended({ commonName: 'pager' }, [limit(1, {}, { exempt: pager })])).toEqual([])
  })

  it('does not count what an acting policy of another kind ends there', () => {
    const rows = [on(OFFICE, 'a', 50), on(LAB, 'b', 1)]
    const newest = limit(1, { evict: 'newest' })
    const age = policy('max-session-age', { maxAge: '59m' })
    expect(fleetWith([newest, age], rows).ended(NOON)).toEqual(['b'])
    expect(fleetWith([newest, { ...age, mode: 'audit' as const }], rows).ended(NOON)).toEqual(['a'])
  })

  it('sees when that changes by time alone', () => {
    const rows = [on(OFFICE, 'a', 50), on(LAB, 'b', 1)]
    const endsRegardlessAt = NOON + MINUTE
    const fleet = fleetWith([limit(1, { evict: 'newest' }), policy('max-session-age', { maxAge: '60m' })], rows)
    const judgement = fleet.judge(OFFICE, NOON)
    expect(judgement.plan.terminate.map(({ connection: { id } }) => id)).toEqual(['a'])
    expect(judgement.outlook.verdictsChangeAt).toBe(endsRegardlessAt)
    expect(fleet.explain(rows[0] as Connection, NOON).nextAt).toBe(endsRegardlessAt)
    expect(fleet.ended(endsRegardlessAt - 1)).toEqual(['a'])
    expect(fleet.ended(endsRegardlessAt)).toEqual(['b'])

    const users = [entry('alice', { until: NOON + MINUTE })]
    const exempt = { users, endpoints: [entry(LAB)], regions: undefined }
    const exempted = fleetWith([limit(1, {}, { exempt })], THREE.slice(0, 2))
    expect(exempted.ended(NOON + MINUTE - 1)).toEqual([])
    expect(exempted.judge(OFFICE, NOON + MINUTE - 1).outlook.verdictsChangeAt).toBe(NOON + MINUTE)
    expect(exempted.ended(NOON + MINUTE)).toEqual(['a'])
  })

  describe('keeps everybody while an endpoint has no fresh snapshot', () => {
    const lacks = (endpointId: string) =>
      `kept, because the connection lacks a fresh snapshot of the endpoint ${endpointId}`
    const [office] = THREE as [Connection]

    it('because it has not been read yet', () => {
      const fleet = createFleet([limit(2)], [OFFICE, LAB, HOME], STALE_AFTER)
      for (const id of [OFFICE, LAB])
        fleet.read(
          id,
          THREE.filter(({ endpointId }) => endpointId === id),
          NOON,
        )
      expect(fleet.ended(NOON)).toEqual([])
      const { verdicts } = fleet.explain(office, NOON)
      expect(verdicts[0]).toMatchObject({ verdict: { word: 'unknown' }, because: lacks(HOME) })
      const unknown = [...(fleet.judge(OFFICE, NOON).decisions?.unknown.values() ?? [])]
      expect(unknown).toEqual([new Set(['a', 'c'])])
      fleet.read(HOME, [], NOON)
      expect(fleet.ended(NOON)).toEqual(['a'])
      expect(fleet.judge(OFFICE, NOON).decisions?.unknown.size).toBe(0)
    })

    it('because its last read failed', () => {
      const fleet = fleetWith([limit(2)], THREE)
      fleet.fail(LAB, NOON + MINUTE)
      expect(fleet.ended(NOON + MINUTE)).toEqual([])
      expect(fleet.explain(office, NOON + MINUTE).verdicts[0]?.because).toBe(lacks(LAB))
    })

    it('because its snapshot is too old, to the millisecond', () => {
      const fleet = fleetWith([limit(2)], THREE)
      const rows = THREE.filter(({ endpointId }) => endpointId === OFFICE)
      fleet.read(OFFICE, rows, NOON + MINUTE)
      expect(fleet.ended(NOON + STALE_AFTER)).toEqual(['a'])
      expect(fleet.ended(NOON + STALE_AFTER + 1)).toEqual([])
    })

    it('because the judge was not told of the others', () => {
      const endpoint = createEndpoint([limit(1)])
      const { decisions } = endpoint.see([connection(), connection()], NOON)
      expect(decisions?.violating).toEqual([])
      expect(decisions?.unknown.size).toBe(1)
    })
  })

  it('counts an endpoint whose counters have to be confirmed, for it still shows who is connected', () => {
    const fleet = fleetWith([limit(2), policy('idle-timeout', { after: '1m' }, { mode: 'audit' })], THREE)
    fleet.judge(LAB, NOON)
    expect(fleet.judge(LAB, NOON + 2 * MINUTE).view.state).toBe('stale')
    fleet.read(
      OFFICE,
      THREE.filter(({ endpointId }) => endpointId === OFFICE),
      NOON + 2 * MINUTE,
    )
    expect(fleet.ended(NOON + 2 * MINUTE)).toEqual(['a'])
  })

  it('counts a connection only once every endpoint was read after the second in which it was established', () => {
    // Alice left the lab at noon, which its snapshot does not show yet, and connected to the office.
    const moved = on(OFFICE, 'new', 60)
    const fleet = fleetWith([limit(1, { evict: 'newest' })], [on(LAB, 'old', 1)])
    fleet.read(OFFICE, [moved], NOON + MINUTE)
    expect(fleet.ended(NOON + MINUTE)).toEqual([])
    fleet.read(LAB, [on(LAB, 'old', 1)], NOON + SECOND - 1, NOON + MINUTE)
    expect(fleet.ended(NOON + MINUTE)).toEqual([])
    fleet.read(LAB, [on(LAB, 'old', 1)], NOON + SECOND, NOON + MINUTE)
    expect(fleet.ended(NOON + MINUTE)).toEqual(['new'])
  })

  it('waits for a snapshot of every endpoint after the grace, for it gave time to leave', () => {
    const fleet = fleetWith([limit(2, {}, { graceMs: MINUTE })], THREE)
    const readAll = (now: number) => {
      for (const id of [OFFICE, LAB])
        fleet.read(
          id,
          THREE.filter(({ endpointId }) => endpointId === id),
          now,
        )
    }
    expect(fleet.ended(NOON)).toEqual([])
    const deadline = NOON + MINUTE
    fleet.read(
      OFFICE,
      THREE.filter(({ endpointId }) => endpointId === OFFICE),
      deadline,
    )
    expect(fleet.ended(deadline)).toEqual([])
    expect(fleet.explain(THREE[0] as Connection, deadline).verdicts[0]).toMatchObject({
      verdict: { word: 'unknown' },
      because: 'kept, because the connection lacks a snapshot of every endpoint begun at its deadline or later',
    })
    readAll(deadline)
    expect(fleet.ended(deadline)).toEqual(['a'])
  })

  it('explains over how many endpoints the limit is', () => {
    const fleet = fleetWith([limit(2)], THREE)
    const because = THREE.map((row) => fleet.explain(row, NOON).verdicts[0]?.because)
    expect(because).toEqual([
      'surplus, as one of the oldest connections of this user: at most 2 connections are allowed per user over all endpoints',
      'not surplus: at most 2 connections are allowed per user over all endpoints',
      'not surplus: at most 2 connections are allowed per user over all endpoints',
    ])
  })
})
