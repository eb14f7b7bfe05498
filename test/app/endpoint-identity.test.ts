import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Assignment } from '../../src/app/daemon.ts'
import { eachEndpointOnce, overlapText } from '../../src/app/each-endpoint-once.ts'
import type { Site } from '../../src/app/site.ts'
import { HOUR, MINUTE, SECOND } from '../../src/domain/time/instant.ts'
import { connection, ENDPOINT, NOON, policy } from '../domain/build.ts'
import { assignment, SITE, startWorld } from './world.ts'

const ELSEWHERE: Site = {
  region: SITE.region,
  endpointUrl: 'https://vpce.example:8443',
  assumeRole: { arn: 'arn:aws:iam::111122223333:role/curfew', externalId: 'a b' },
}

const daily = (cooldownMs = 0) => policy('max-session-age', { maxAge: '8h' }, { guard: 'off', cooldownMs })
const overdue = () => connection({ establishedAt: NOON - 9 * HOUR })

const through = (base: Assignment, site: Site): Assignment => ({
  ...base,
  watch: base.watch.map((entry) => ({ ...entry, site })),
})

describe('an endpoint that is reached in another way after an edit', () => {
  it('keeps the cooldown of a user', async () => {
    const base = assignment([daily(HOUR)])
    await using world = startWorld({ assignment: base, connections: [overdue()] })
    await world.clock.advance(MINUTE)
    await world.daemon.reload(through(base, ELSEWHERE))
    const again = connection({ establishedAt: NOON + MINUTE })
    world.aws.connect(again)
    await world.clock.advance(MINUTE)
    expect(world.endedIds()).toContain(again.id)
    expect(world.of('violation').map(({ violation: { reason } }) => reason)).toContain('cooldown')
  })

  it('follows an open termination to its outcome, without a second call', async () => {
    const base = assignment([daily()])
    const violator = overdue()
    await using world = startWorld({ assignment: base, connections: [violator] })
    world.aws.behaviour.terminatingForMs = 20 * SECOND
    await world.clock.advance(SECOND)
    expect(world.daemon.status().map(({ openTerminations }) => openTerminations)).toEqual([1])
    await world.daemon.reload(through(base, ELSEWHERE))
    expect(world.daemon.status().map(({ openTerminations }) => openTerminations)).toEqual([1])
    await world.clock.advance(MINUTE)
    expect(world.endedIds()).toEqual([violator.id])
    expect(world.of('termination').map(({ outcome }) => outcome)).toEqual(['confirmed'])
  })

  it('is called in the new way only', async () => {
    const base = assignment([daily()])
    await using world = startWorld({ assignment: base, connections: [] })
    await world.clock.advance(SECOND)
    await world.daemon.reload(through(base, ELSEWHERE))
    const before = world.aws.snapshots()
    await world.clock.advance(MINUTE)
    // Four on schedule, and the first one after the edit.
    expect(world.aws.snapshots() - before).toBeLessThanOrEqual(5)
    expect(world.daemon.status()).toHaveLength(1)
  })
})

describe('an endpoint that several entries of watch reach', () => {
  const DISCOVERED = { id: ENDPOINT, name: 'tagged', tags: new Map(), status: 'available' }
  const both = (base: Assignment): Assignment => ({
    ...base,
    watch: [{ site: ELSEWHERE, endpoints: [], discover: 'all' }, ...base.watch],
  })

  it('is watched, called and counted once, through the entry that lists it', async () => {
    const violator = overdue()
    const world = startWorld({
      assignment: both(assignment([daily()])),
      connections: [violator],
      start: false,
    })
    world.aws.behaviour.endpoints = [DISCOVERED]
    const done = world.daemon.run(world.stop.signal)
    await world.clock.advance(3 * MINUTE)
    expect(world.daemon.status().map(({ endpoint }) => endpoint.name)).toEqual(['office'])
    expect(world.endedIds()).toEqual([violator.id])
    expect(world.of('endpoint-overlap').map(({ overlap }) => [overlap.entry, overlap.others])).toEqual([[2, [1]]])
    world.stop.abort()
    await world.clock.advance(MINUTE)
    await done
  })

  it('is reported in one line, whatever its Name tag is', () => {
    const endpoint = { id: ENDPOINT, name: 'office\n\u202eall is well' }
    const text = overlapText({ region: 'eu-central-1', endpoint, entry: 1, others: [2] })
    expect(text).toContain(`reach office\\n\\u202eall is well (${ENDPOINT}) in`)
    expect(text).not.toMatch(/\p{C}/u)
  })

  it('is reported again if the overlap ended and came back', async () => {
    const base = assignment([daily()])
    await using world = startWorld({ assignment: both(base), connections: [] })
    world.aws.behaviour.endpoints = [DISCOVERED]
    await world.clock.advance(2 * MINUTE)
    await world.daemon.reload(base)
    await world.daemon.reload(both(base))
    await world.clock.advance(SECOND)
    expect(world.of('endpoint-overlap')).toHaveLength(2)
  })

  it('is chosen once, by the first entry that lists it, else by the first that discovers it', () => {
    const id = fc.constantFrom<string>('a', 'b', 'c')
    const entry = fc.record({
      region: fc.constantFrom('eu-central-1', 'us-east-1'),
      listed: fc.uniqueArray(id),
      discovered: fc.uniqueArray(id),
    })
    fc.assert(
      fc.property(fc.array(entry, { maxLength: 5 }), (entries) => {
        const found = entries.map(({ region, listed, discovered }, index) => ({
          site: { ...SITE, region, endpointUrl: `https://entry-${index + 1}.example` },
          selection: { endpoints: listed.map((one) => ({ id: one, name: undefined })), discover: 'all' as const },
          endpoints: [...new Set([...listed, ...discovered])].map((one) => ({
            id: one,
            name: one,
            givenName: undefined,
            tags: undefined,
          })),
        }))
        const { watched, overlaps } = eachEndpointOnce(found)
        for (const region of ['eu-central-1', 'us-east-1']) {
          for (const one of ['a', 'b', 'c']) {
            const here = entries.map((at, index) => ({ ...at, number: index + 1 })).filter((at) => at.region === region)
            const listing = here.filter(({ listed }) => listed.includes(one)).map(({ number }) => number)
            const reaching = here
              .filter(({ listed, discovered }) => listed.includes(one) || discovered.includes(one))
              .map(({ number }) => number)
            const expected = listing[0] ?? reaching[0]
            const chosen = watched.filter(({ site, endpoint }) => site.region === region && endpoint.id === one)
            expect(chosen.map(({ site }) => site.endpointUrl)).toEqual(
              expected === undefined ? [] : [`https://entry-${expected}.example`],
            )
            const reported = overlaps.find((overlap) => overlap.region === region && overlap.endpoint.id === one)
            expect(new Set(reported && [reported.entry, ...reported.others])).toEqual(
              new Set(reaching.length > 1 ? reaching : []),
            )
          }
        }
      }),
    )
  })
})
