import { describe, expect, it } from 'vitest'
import { createMetrics } from '../../src/adapters/prometheus/metrics.ts'
import { AuditError } from '../../src/app/audit.ts'
import { StateError } from '../../src/app/state.ts'
import { KeepingUnreached } from '../../src/app/tenure.ts'
import type { Connection } from '../../src/domain/connection.ts'
import type { Policy } from '../../src/domain/policies/policy.ts'
import { plusMs } from '../../src/domain/time/elapsed.ts'
import { HOUR, MINUTE, SECOND } from '../../src/domain/time/instant.ts'
import { connection, ENDPOINT, entry, NOON, policy } from '../domain/build.ts'
import { createManualClock, settled } from './manual-clock.ts'
import { LAB, LAB_ENDPOINT, OFFICE, startReplica, twoUnits } from './replica.ts'
import { createSharedUnits } from './stand-in-engine.ts'
import { createStandInVpn } from './stand-in-vpn.ts'
import { SITE } from './world.ts'

const age = (different: Partial<Policy> = {}) =>
  policy('max-session-age', { maxAge: '8h' }, { guard: 'off', ...different })
const inOffice = (different: Partial<Connection> = {}) => connection({ establishedAt: NOON - 9 * HOUR, ...different })
const inLab = (different: Partial<Connection> = {}) =>
  inOffice({ endpointId: LAB_ENDPOINT, region: 'us-east-1', ...different })

const startCompany = (connections: readonly Connection[], policies: readonly Policy[] = [age()]) => {
  const clock = createManualClock(NOON)
  const aws = createStandInVpn(clock, connections)
  const shared = createSharedUnits()
  let [lateMs, stepMs] = [0, 0]
  const host: typeof clock = {
    ...clock,
    elapsed: () => plusMs(clock.elapsed(), (lateMs += stepMs)),
  }
  /** Until the result is called, each look at the clock takes long. */
  const slow = () => {
    stepMs = 5
    return () => {
      stepMs = 0
    }
  }
  const replica = (name?: string) =>
    startReplica({
      ...(name !== undefined && { name }),
      assignment: twoUnits(policies),
      clock: host,
      aws: aws.vpn,
      shared,
    })
  return { clock, aws, shared, replica, slow, endedIds: () => aws.calls.map(({ id }) => id) }
}

describe('a replica', () => {
  it('serves the units that it was granted, and no others', async () => {
    const [office, lab] = [inOffice(), inLab()]
    const { clock, replica, endedIds } = startCompany([office, lab])
    await using one = replica()
    await clock.advance(MINUTE)
    expect(endedIds()).toEqual([])
    void one.engine.grant(LAB)
    await clock.advance(MINUTE)
    expect(endedIds()).toEqual([lab.id])
    void one.engine.grant(OFFICE)
    await clock.advance(MINUTE)
    expect(endedIds()).toEqual([lab.id, office.id])
  })

  it('asks for every unit of its configuration', async () => {
    const { replica } = startCompany([])
    await using one = replica()
    expect(one.engine.wants()?.units()).toEqual([OFFICE, LAB])
    expect(one.engine.wants()?.configurationHash()).toMatch(/^[0-9a-f]{64}$/)
  })

  it('writes the records of each unit into its own chain', async () => {
    const { clock, replica, shared } = startCompany([inOffice(), inLab()])
    await using one = replica()
    void one.engine.grant(LAB)
    void one.engine.grant(OFFICE)
    await clock.advance(MINUTE)
    const endpointsOf = (unit: string) => shared.of(unit, 'intent').map(({ endpointId }) => endpointId)
    expect(endpointsOf(OFFICE)).toEqual([ENDPOINT])
    expect(endpointsOf(LAB)).toEqual([LAB_ENDPOINT])
    for (const unit of [OFFICE, LAB]) expect(shared.of(unit, 'start')).toHaveLength(1)
    expect(shared.of(OFFICE, 'intent')[0]?.call.id).not.toBe(shared.of(LAB, 'intent')[0]?.call.id)
  })

  it('tells of the process once, however many units it holds', async () => {
    const { clock, replica } = startCompany([inOffice(), inLab()])
    const one = replica()
    void one.engine.grant(LAB)
    void one.engine.grant(OFFICE)
    await clock.advance(MINUTE)
    one.stop.abort()
    await settled()
    await clock.advance(10 * SECOND)
    await one.stopped
    const names = one.events.map(({ event }) => event)
    const counts = (['started', 'stopping', 'stopped'] as const).map((name) => one.of(name).length)
    expect(counts).toEqual([1, 1, 1])
    expect([names[0], names.at(-1)]).toEqual(['started', 'stopped'])
    expect(one.of('tenure-began').map(({ unit, epoch }) => [unit, epoch])).toEqual([
      [LAB, 1],
      [OFFICE, 1],
    ])
    expect(one.of('tenure-ended').map(({ unit, how }) => [unit, how])).toEqual([
      [LAB, 'returned'],
      [OFFICE, 'returned'],
    ])
  })

  it('tells the head of the trail of each unit when it takes it, each hour and when it gives it back', async () => {
    const { clock, replica } = startCompany([inOffice(), inLab()])
    const one = replica()
    void one.engine.grant(LAB)
    void one.engine.grant(OFFICE)
    await clock.advance(HOUR + MINUTE)
    one.stop.abort()
    await settled()
    await clock.advance(10 * SECOND)
    await one.stopped
    for (const unit of [LAB, OFFICE]) {
      const heads = one.of('audit-head').filter((head) => head.unit === unit)
      expect(heads.map(({ occasion }) => occasion)).toEqual(['start', 'hour', 'stop'])
    }
  })

  it('tells the endpoints at once when a unit comes, and together when many do', async () => {
    const { clock, replica } = startCompany([])
    await using one = replica()
    const told = () => one.of('endpoints-changed').map(({ endpoints }) => endpoints.length)
    void one.engine.grant(OFFICE)
    await settled()
    expect(told()).toEqual([1])
    void one.engine.grant(LAB)
    await settled()
    expect(told()).toEqual([1])
    await clock.advance(SECOND)
    expect(told()).toEqual([1, 2])
    await clock.advance(MINUTE)
    one.engine.ask(LAB)
    one.engine.ask(OFFICE)
    await clock.advance(MINUTE)
    expect(told()).toEqual([1, 2, 0])
  })

  it('tells an edited list once, and each chain has it', async () => {
    const ban = (users: readonly string[]) => policy('banned-users', { users }, { guard: 'off', hash: users.join() })
    const written = (users: readonly string[]) => ({ policies: [{ name: 'banned-users', users }] })
    const { clock, replica, shared } = startCompany([], [ban(['mallory'])])
    await using one = replica()
    const next = (users: readonly string[]) => ({ ...twoUnits([ban(users)]), written: written(users) })
    void one.engine.grant(LAB)
    void one.engine.grant(OFFICE)
    await clock.advance(MINUTE)
    await one.fleet.reload(next(['mallory']))
    await one.fleet.reload(next(['mallory', 'trudy']))
    await settled()
    expect(one.of('list-changed').map(({ added }) => added)).toEqual([['trudy']])
    for (const unit of [OFFICE, LAB]) expect(shared.of(unit, 'list-changed')).toHaveLength(1)
  })
})

describe('a unit that is wanted back', () => {
  it('is given back in order: the call in flight ends, the state is saved, its chain has the stop', async () => {
    const office = inOffice()
    const { clock, aws, replica, shared } = startCompany([office])
    await using one = replica()
    aws.behaviour.latencyMs = 2 * SECOND
    const ended = one.engine.grant(OFFICE)
    await clock.advance(3 * SECOND)
    expect(aws.calls).toHaveLength(1)
    one.engine.ask(OFFICE)
    await clock.advance(3 * SECOND)
    expect(await ended).toBe('returned')
    expect(one.of('accepted')).toHaveLength(1)
    expect(shared.unitOf(OFFICE).records.at(-1)?.event).toBe('stop')
    expect(Object.keys(shared.unitOf(OFFICE).state.endpoints)).toHaveLength(1)
  })

  it('is followed by its successor: graces, cooldowns and holds go on', async () => {
    const daily = age({ name: 'daily', cooldownMs: 30 * MINUTE })
    const graced = policy('max-session-age', { maxAge: '10m' }, { guard: 'off', name: 'graced', graceMs: 20 * MINUTE })
    const strict = policy('banned-users', { users: ['crew-*'] }, { guard: 'on', name: 'strict' })
    const late = connection({ username: 'late', establishedAt: NOON - 5 * MINUTE })
    const crew = Array.from({ length: 12 }, (_, index) =>
      connection({ username: `crew-${index}`, establishedAt: NOON }),
    )
    const exempt = { users: [entry('crew-*')], endpoints: undefined, regions: undefined }
    const before = [daily, { ...graced, exempt }]
    const company = startCompany([inOffice({ username: 'zoe' }), late, ...crew], before)
    const { clock, aws, replica, endedIds } = company
    await using one = replica('one')
    void one.engine.grant(OFFICE)
    await clock.advance(MINUTE)
    expect(one.of('termination').map(({ violation }) => violation.username)).toEqual(['zoe'])
    const after = twoUnits([...before, strict])
    await one.fleet.reload(after)
    await clock.advance(MINUTE)
    expect(one.of('held').map(({ policy: name }) => name)).toEqual(['strict'])
    const [held] = one.fleet.status().endpoints
    one.engine.ask(OFFICE)
    await clock.advance(10 * SECOND)

    await using two = startReplica({ name: 'two', assignment: after, clock, aws: aws.vpn, shared: company.shared })
    void two.engine.grant(OFFICE)
    await clock.advance(MINUTE)
    expect(two.fleet.status().endpoints[0]?.holds).toEqual(held?.holds)
    expect(two.of('held')).toEqual([])
    const again = connection({ username: 'zoe', establishedAt: clock.now() })
    aws.connect(again)
    await clock.advance(MINUTE)
    expect(two.of('termination').map(({ violation }) => [violation.connectionId, violation.reason])).toEqual([
      [again.id, 'cooldown'],
    ])
    await clock.advance(NOON + 25 * MINUTE - clock.now() - SECOND)
    expect(endedIds()).not.toContain(late.id)
    await clock.advance(2 * SECOND)
    expect(endedIds()).toContain(late.id)
    expect(endedIds()).toHaveLength(3)
  })
})

describe('a unit that is lost', () => {
  it('is left at once: no call, no record and no state follow, and the others go on', async () => {
    const [office, lab] = [inOffice(), inLab()]
    const { clock, aws, replica, shared, endedIds } = startCompany([office, lab])
    await using one = replica()
    aws.behaviour.latencyMs = 2 * SECOND
    const ended = one.engine.grant(OFFICE)
    await clock.advance(3 * SECOND)
    expect(endedIds()).toEqual([office.id])
    void one.engine.grant(LAB)
    await settled()
    const { records, state } = shared.unitOf(OFFICE)
    const written = records.length
    one.engine.lose(OFFICE)
    await settled()
    // No time has passed: the call in flight was aborted.
    expect(one.engine.held()).toEqual([LAB])
    expect(await ended).toBe('lost')
    await clock.advance(MINUTE)
    expect(endedIds()).toEqual([office.id, lab.id])
    expect(records).toHaveLength(written)
    expect(shared.unitOf(OFFICE).state).toBe(state)
    expect(one.of('tenure-ended').map(({ unit, how }) => [unit, how])).toEqual([[OFFICE, 'lost']])
  })

  it('has a successor that follows the call whose answer nobody heard', async () => {
    const office = inOffice()
    const { clock, aws, replica, shared, endedIds } = startCompany([office])
    await using one = replica('one')
    await using two = replica('two')
    const { terminate } = aws.vpn
    aws.vpn.terminate = async (target, signal) => {
      const answer = await terminate(target, signal)
      one.engine.lose(OFFICE)
      return answer
    }
    void one.engine.grant(OFFICE)
    await clock.advance(5 * SECOND)
    expect(endedIds()).toEqual([office.id])
    void two.engine.grant(OFFICE)
    await clock.advance(MINUTE)
    expect(endedIds()).toEqual([office.id])
    expect(two.of('tenure-began').map(({ openIntents }) => openIntents)).toEqual([1])
    expect(shared.of(OFFICE, 'outcome').map(({ outcome }) => outcome)).toContain('confirmed')
  })

  it('leaves no call once holds() says no, although its intent is recorded', async () => {
    const office = inOffice()
    const { clock, replica, shared, endedIds } = startCompany([office])
    await using one = replica()
    // The engine answers no from the moment at which the intent is on its way.
    one.engine.hold.holds = () => shared.of(OFFICE, 'intent').length === 0
    void one.engine.grant(OFFICE)
    await clock.advance(MINUTE)
    expect(shared.of(OFFICE, 'intent')).toHaveLength(1)
    expect(one.of('call-withdrawn').map(({ why }) => why)).toEqual(['not-held'])
    expect(endedIds()).toEqual([])
    one.engine.hold.holds = () => true
    await clock.advance(SECOND)
    expect(endedIds()).toEqual([office.id])
  })
})

describe('the rate of a unit', () => {
  it('begins used up with each tenure: the one before may have used it a moment ago', async () => {
    const many = Array.from({ length: 100 }, (_, index) => inOffice({ username: `person-${index}` }))
    const { clock, replica, endedIds } = startCompany(many)
    await using one = replica('one')
    await using two = replica('two')
    void one.engine.grant(OFFICE)
    await clock.advance(5 * SECOND)
    const before = endedIds().length
    one.engine.lose(OFFICE)
    await settled()
    void two.engine.grant(OFFICE)
    await clock.advance(5 * SECOND)
    // Four calls a second, and no burst of forty.
    expect(before).toBeLessThanOrEqual(20)
    expect(endedIds().length - before).toBeGreaterThan(10)
    expect(endedIds().length - before).toBeLessThanOrEqual(20)
  })
})

describe('a unit that cannot be served', () => {
  it('waits until two others are read, and not once it is wanted back', async () => {
    const third = { site: { ...SITE, region: 'us-west-2' }, endpoints: [], discover: undefined }
    const assignment = { ...twoUnits([]), watch: [...twoUnits([]).watch, third] }
    const clock = createManualClock(NOON)
    const shared = createSharedUnits()
    const reading: string[] = []
    const read = new AbortController()
    shared.faults.load = (unit) => {
      reading.push(unit)
      return new Promise((resolve) => read.signal.addEventListener('abort', () => resolve(undefined)))
    }
    await using one = startReplica({ assignment, clock, aws: createStandInVpn(clock, []).vpn, shared })
    const units = [OFFICE, LAB, 'us-west-2 own']
    const ended = units.map((unit) => one.engine.grant(unit))
    await settled()
    expect(reading).toEqual([OFFICE, LAB])
    one.engine.ask('us-west-2 own')
    expect(await ended[2]).toBe('returned')
    one.engine.lose(LAB)
    expect(await ended[1]).toBe('lost')
    void one.engine.grant('us-west-2 own')
    await settled()
    expect(reading).toEqual([OFFICE, LAB, 'us-west-2 own'])
    read.abort()
    await clock.advance(MINUTE)
    expect(one.of('tenure-began')).toHaveLength(2)
  })

  it('is refused in words while its state cannot be read, and the others go on', async () => {
    const lab = inLab()
    const { clock, replica, shared, endedIds } = startCompany([inOffice(), lab])
    shared.faults.load = (unit) => (unit === OFFICE ? new StateError('the state has a newer format') : undefined)
    await using one = replica()
    const refused = one.engine.grant(OFFICE)
    void one.engine.grant(LAB)
    await clock.advance(MINUTE)
    expect(await refused).toBe('refused')
    expect(one.of('tenure-ended')).toEqual([
      { event: 'tenure-ended', unit: OFFICE, epoch: 1, how: 'refused', because: 'the state has a newer format' },
    ])
    expect(endedIds()).toEqual([lab.id])
  })

  it('is not refused where its state was not reached, and that is said once until it is served', async () => {
    const { clock, replica, shared } = startCompany([])
    const unreached = () => new KeepingUnreached('the database was not reached')
    shared.faults.load = unreached
    await using one = replica()
    for (const _ of [1, 2]) expect(await one.engine.grant(OFFICE)).toBe('lost')
    const told = { event: 'tenure-ended', unit: OFFICE, how: 'lost', because: 'the database was not reached' }
    expect(one.of('tenure-ended')).toEqual([{ ...told, epoch: 1 }])
    shared.faults.load = () => undefined
    const granted = one.engine.grant(OFFICE)
    await clock.advance(MINUTE)
    one.engine.lose(OFFICE)
    expect(await granted).toBe('lost')
    shared.faults.load = unreached
    expect(await one.engine.grant(OFFICE)).toBe('lost')
    expect(one.of('tenure-ended').slice(2)).toEqual([{ ...told, epoch: 4 }])
  })

  it('ends alone after a fault that nobody foresaw, and saves nothing', async () => {
    const lab = inLab()
    const { clock, aws, replica, shared, endedIds } = startCompany([inOffice(), lab])
    const { snapshot } = aws.vpn
    aws.vpn.snapshot = (id, signal, begins) =>
      id === ENDPOINT ? Promise.reject(new TypeError('a bug')) : snapshot(id, signal, begins)
    await using one = replica()
    const refused = one.engine.grant(OFFICE)
    void one.engine.grant(LAB)
    await clock.advance(MINUTE)
    expect(await refused).toBe('refused')
    expect(one.of('tenure-ended').map(({ because }) => because)).toEqual([expect.stringContaining('TypeError: a bug')])
    expect(shared.of(OFFICE, 'stop')).toEqual([])
    expect(endedIds()).toEqual([lab.id])
  })
})

describe('the end of a tenure', () => {
  it('is told with the reason that the engine gives', async () => {
    const { clock, replica } = startCompany([])
    await using one = replica()
    void one.engine.grant(OFFICE)
    void one.engine.grant(LAB)
    await clock.advance(MINUTE)
    one.engine.lose(OFFICE, 'the server has refused a line')
    one.engine.ask(LAB, 'the configuration has it no longer')
    await clock.advance(MINUTE)
    expect(one.of('tenure-ended').map(({ how, because }) => [how, because])).toEqual([
      ['lost', 'the server has refused a line'],
      ['returned', 'the configuration has it no longer'],
    ])
  })
})

describe('a reload', () => {
  it('that removes a unit ends the watching of its endpoints: after an hour they are new to the guard', async () => {
    const policies = [age({ guard: 'on', hash: 'a' })]
    const { clock, aws, shared, replica } = startCompany([], policies)
    await using one = replica()
    const both = twoUnits(policies)
    void one.engine.grant(LAB)
    await clock.advance(MINUTE)
    await one.fleet.reload({ ...both, watch: both.watch.slice(0, 1) })
    one.engine.ask(LAB, 'the configuration has it no longer')
    await clock.advance(MINUTE)
    expect(Object.values(shared.unitOf(LAB).state.endpoints)).toMatchObject([{ watchedUntil: NOON + MINUTE }])
    for (let index = 0; index < 40; index++) aws.connect(inLab({ username: `person-${index}` }))
    await clock.advance(HOUR)
    await one.fleet.reload(both)
    void one.engine.grant(LAB)
    await clock.advance(MINUTE)
    expect([aws.calls, one.of('held').map(({ endsNow }) => endsNow)]).toEqual([[], [40]])
  })

  it('is in force on every unit, tells of itself once, and lets the engine look at the wants', async () => {
    const [office, lab] = [inOffice(), inLab()]
    const { clock, replica, shared, endedIds } = startCompany([office, lab], [])
    await using one = replica()
    void one.engine.grant(OFFICE)
    void one.engine.grant(LAB)
    await clock.advance(MINUTE)
    const hash = one.engine.wants()?.configurationHash()
    await one.fleet.reload(twoUnits([age()]))
    await clock.advance(MINUTE)
    expect(endedIds().toSorted()).toEqual([office.id, lab.id].toSorted())
    expect(one.of('reloaded').map(({ policies, endpoints }) => [policies, endpoints.length])).toEqual([[1, 2]])
    expect(one.engine.looks()).toBe(1)
    expect(one.engine.wants()?.configurationHash()).not.toBe(hash)
    for (const unit of [OFFICE, LAB]) expect(shared.of(unit, 'reload')).toHaveLength(1)
  })

  it('changes nothing anywhere if one unit cannot judge by it', async () => {
    const [office, lab] = [inOffice(), inLab()]
    const { clock, replica, shared, endedIds } = startCompany([office, lab], [])
    await using one = replica()
    void one.engine.grant(OFFICE)
    void one.engine.grant(LAB)
    await clock.advance(MINUTE)
    const faulty = age()
    const kind: typeof faulty.kind = {
      ...faulty.kind,
      judge: (rule, name) => (of) => {
        const judge = faulty.kind.judge(rule, name)(of)
        return {
          ...judge,
          find(found, facts, now) {
            if (found.endpointId === LAB_ENDPOINT) throw new TypeError('a bug')
            return judge.find(found, facts, now)
          },
        }
      },
    }
    const accepted: string[] = []
    await expect(one.fleet.reload(twoUnits([{ ...faulty, kind }]), () => accepted.push('accepted'))).rejects.toThrow(
      'a bug',
    )
    await clock.advance(MINUTE)
    expect(accepted).toEqual([])
    expect(endedIds()).toEqual([])
    expect(one.of('reloaded')).toEqual([])
    for (const unit of [OFFICE, LAB]) expect(shared.of(unit, 'reload')).toEqual([])
    expect(one.fleet.status().policies).toEqual([])
  })

  it('lets the event loop run between two units, when they take long', async () => {
    const { clock, replica, slow, shared } = startCompany([inOffice(), inLab()], [])
    await using one = replica()
    void one.engine.grant(OFFICE)
    void one.engine.grant(LAB)
    await clock.advance(MINUTE)
    slow()
    const turns: string[] = []
    const next = () => new Promise((resolve) => setImmediate(resolve))
    const reloading = one.fleet.reload(twoUnits([age()]), () => {
      turns.push('accepted')
      void next().then(() => turns.push('another turn'))
    })
    void next().then(() => turns.push('another turn'))
    await clock.advance(0)
    await reloading.then(() => turns.push('in force'))
    expect(turns).toEqual(['another turn', 'accepted', 'another turn', 'in force'])
    for (const unit of [OFFICE, LAB]) expect(shared.of(unit, 'reload')).toHaveLength(1)
    expect(one.engine.looks()).toBe(1)
  })

  it('leaves no unit in another mode where mode audit is obeyed before all have taken it', async () => {
    const { clock, replica, slow, endedIds } = startCompany([inLab()], [])
    await using one = replica()
    void one.engine.grant(OFFICE)
    void one.engine.grant(LAB)
    await clock.advance(MINUTE)
    const fast = slow()
    const reloading = one.fleet.reload(twoUnits([age()]), () => setImmediate(() => one.fleet.obeyAudit()))
    await clock.advance(0)
    await reloading
    fast()
    await clock.advance(MINUTE)
    expect(one.events.map(({ event }) => event).filter((event) => ['reloaded', 'mode-obeyed'].includes(event))).toEqual(
      ['reloaded', 'mode-obeyed'],
    )
    expect(one.fleet.endpoints().flatMap(({ decisions }) => (decisions?.violating ?? []).length)).toEqual([0, 1])
    expect(endedIds()).toEqual([])
  })

  it('that takes a unit away leaves its endpoints at once, before the engine wants it back', async () => {
    const { clock, replica } = startCompany([inOffice(), inLab()])
    await using one = replica()
    void one.engine.grant(OFFICE)
    void one.engine.grant(LAB)
    await clock.advance(MINUTE)
    const both = twoUnits([age()])
    await one.fleet.reload({ ...both, watch: both.watch.slice(0, 1) })
    await clock.advance(MINUTE)
    expect(one.fleet.endpoints().map(({ endpoint }) => endpoint.id)).toEqual([ENDPOINT])
    expect(one.engine.wants()?.units()).toEqual([OFFICE])
  })

  it('reaches a unit whose state is being read', async () => {
    const office = inOffice()
    const { clock, replica, endedIds } = startCompany([office])
    await using one = replica()
    const granted = one.engine.grant(OFFICE)
    await one.fleet.reload(twoUnits([]))
    await clock.advance(MINUTE)
    expect(endedIds()).toEqual([])
    one.engine.ask(OFFICE)
    await clock.advance(MINUTE)
    expect(await granted).toBe('returned')
  })

  it('to mode audit is obeyed on every unit, also where the rest is refused', async () => {
    const { clock, replica, endedIds } = startCompany([])
    await using one = replica()
    void one.engine.grant(OFFICE)
    void one.engine.grant(LAB)
    await clock.advance(MINUTE)
    one.fleet.obeyAudit()
    await clock.advance(MINUTE)
    expect(one.of('mode-obeyed')).toHaveLength(1)
    expect(one.fleet.status().mode).toBe('audit')
    expect(endedIds()).toEqual([])
  })
})

describe('what a replica shows', () => {
  it('is the endpoints that it holds, with the heads of their chains', async () => {
    const { clock, replica, shared } = startCompany([inOffice(), inLab()])
    await using one = replica('pod-7')
    void one.engine.grant(LAB)
    await clock.advance(MINUTE)
    one.engine.say({
      state: 'joined',
      members: 2,
      generation: 3,
      isOld: false,
      units: [
        { unit: OFFICE, state: 'elsewhere', holder: 'pod-8', epoch: 4 },
        { unit: LAB, state: 'held', holder: 'pod-7', epoch: 1 },
      ],
    })
    expect(one.fleet.status()).toMatchObject({
      audit: null,
      endpoints: [{ endpointId: LAB_ENDPOINT }],
      engine: {
        kind: 'postgres',
        replica: 'pod-7',
        state: 'joined',
        members: 2,
        generation: 3,
        isOld: false,
        units: [
          { unit: OFFICE, state: 'elsewhere', holder: 'pod-8', epoch: 4, audit: null },
          { unit: LAB, state: 'held', audit: { seq: shared.unitOf(LAB).records.length } },
        ],
      },
    })
    expect((await one.fleet.overview()).endpoints).toMatchObject([{ name: 'lab', ends: [] }])
  })

  it('is away in words, with no number that is not known', async () => {
    const { replica } = startCompany([])
    await using one = replica()
    one.engine.say({ state: 'away', since: NOON, message: 'the database does not answer' })
    expect(one.fleet.status().engine).toMatchObject({
      state: 'away',
      since: '2026-11-23T12:00:00.000Z',
      message: 'the database does not answer',
      members: null,
      units: null,
    })
  })

  it('is ready once it has joined and has read every endpoint that it holds, and healthy all the while', async () => {
    const { clock, aws, replica } = startCompany([])
    await using one = replica()
    await settled()
    expect(one.fleet.isReady()).toBe(true)
    aws.behaviour.latencyMs = 2 * SECOND
    void one.engine.grant(OFFICE)
    expect(one.fleet.isReady()).toBe(false)
    await clock.advance(SECOND)
    expect(one.fleet.isReady()).toBe(false)
    await clock.advance(5 * SECOND)
    expect(one.fleet.isReady()).toBe(true)
    one.engine.say({ state: 'away', since: NOON, message: 'gone' })
    expect([one.fleet.isReady(), one.fleet.isHealthy()]).toEqual([false, true])
    one.engine.lose(OFFICE)
    await clock.advance(HOUR)
    expect(one.fleet.isHealthy()).toBe(true)
  })

  it('loses the endpoints of a unit that leaves, in the metrics too', async () => {
    const { clock, replica } = startCompany([inOffice({ establishedAt: NOON }), inLab({ establishedAt: NOON })])
    await using one = replica()
    const policies = twoUnits([age()]).policies.policies
    const metrics = createMetrics({
      version: '1',
      policies: () => policies,
      targets: () => [],
      changedAt: () => NOON,
      engine: 'postgres',
    })
    const told = async () => {
      for (const event of one.events.splice(0)) metrics.observe(event)
      const { values } = (await metrics.registry.getSingleMetric('curfew_connections')?.get()) ?? { values: [] }
      return values.map(({ labels, value }) => [labels.vpn_endpoint, value])
    }
    void one.engine.grant(OFFICE)
    void one.engine.grant(LAB)
    await clock.advance(MINUTE)
    expect(await told()).toEqual([
      [ENDPOINT, 1],
      [LAB_ENDPOINT, 1],
    ])
    one.engine.ask(LAB)
    await clock.advance(MINUTE)
    expect(await told()).toEqual([[ENDPOINT, 1]])
    // A unit that leaves again before its endpoint is told leaves no series either.
    one.engine.ask(OFFICE)
    await clock.advance(MINUTE)
    void one.engine.grant(OFFICE)
    void one.engine.grant(LAB)
    await clock.advance(SECOND / 2)
    one.engine.ask(LAB)
    await clock.advance(MINUTE)
    expect(one.of('decided').map(({ endpoint }) => endpoint.id)).toContain(LAB_ENDPOINT)
    expect(await told()).toEqual([[ENDPOINT, 1]])
  })

  it('is unwritable while one chain cannot be written, and writable once none is', async () => {
    const { clock, replica, shared } = startCompany([])
    await using one = replica()
    void one.engine.grant(OFFICE)
    void one.engine.grant(LAB)
    await clock.advance(MINUTE)
    shared.faults.write = () => new AuditError('unwritable', 'the database takes no records')
    await one.fleet.reload(twoUnits([]))
    await clock.advance(SECOND)
    expect(one.of('unwritable')).toHaveLength(1)
    shared.faults.write = (unit) =>
      unit === LAB ? new AuditError('unwritable', 'the database takes no records') : undefined
    await clock.advance(MINUTE)
    expect(one.of('writable')).toEqual([])
    one.engine.lose(LAB)
    await settled()
    expect(one.of('writable')).toHaveLength(1)
  })
})

describe('what another part of the process tells', () => {
  it('is heard by all, and by the chain of the endpoint', async () => {
    const office = inOffice({ establishedAt: NOON })
    const { clock, replica, shared } = startCompany([office])
    await using one = replica()
    void one.engine.grant(OFFICE)
    void one.engine.grant(LAB)
    await clock.advance(MINUTE)
    const [held] = one.fleet.endpoints()
    if (held === undefined) throw new Error('no endpoint is held')
    const violation = {
      connectionId: office.id,
      username: 'alice',
      commonName: 'alice',
      policy: 'max-session-age',
      reason: 'session-age',
      because: 'it is old',
      alsoBy: [],
      since: NOON,
      deadline: NOON + HOUR,
    }
    const { endpoint } = held
    const at = clock.now()
    one.fleet.emit({ event: 'warned', endpoint, at, violation, leadMs: MINUTE, endsAt: NOON + HOUR, target: 'chat' })
    await settled()
    expect(one.of('warned')).toHaveLength(1)
    expect(shared.of(OFFICE, 'warned')).toHaveLength(1)
    expect(shared.of(LAB, 'warned')).toEqual([])
  })

  it('is that a link leads to an endpoint that is held elsewhere', async () => {
    const { replica } = startCompany([])
    await using one = replica()
    const right = {
      region: 'us-east-1',
      endpointId: LAB_ENDPOINT,
      connectionId: 'c',
      policy: 'p',
      ordinal: 1,
      endsAt: NOON,
    }
    expect(await one.fleet.extensions.press(right)).toEqual({ state: 'not-watched' })
    expect(one.of('extension-refused').map(({ why }) => why)).toEqual(['not-watched'])
  })
})
