import { describe, expect, it } from 'vitest'
import { HOUR, MINUTE } from '../../src/domain/time/instant.ts'
import { workspace } from './curfew.ts'
import { curfewYaml, isTermination, OFFICE, startOffice, terminateCalls, terminatedIds } from './office.ts'

const POLICIES = `
version: 1
groups: { on-call: [alice, "cn:pager-*"] }
policies:
  - name: daily
    kind: max-session-age
    maxAge: 8h
    exempt: { users: ["group:on-call"] }
  - name: leavers
    kind: banned-users
    users: [MALLORY, "*@Former-Vendor.example"]
  - name: closed
    kind: off-hours
    timeZone: UTC
    denied: [{ hours: "00:00-24:00" }]
    match: { users: ["ext-*"] }
`

/** Makes 2,300 connections, and returns those that violate a policy. */
const fill = (office: Awaited<ReturnType<typeof startOffice>>) => {
  const violators = new Set<string>()
  for (let index = 0; index < 2300; index++) {
    const person = [
      { username: `person-${index}`, ageMs: (index % 7) * HOUR, ends: false },
      { username: `person-${index}`, ageMs: 8 * HOUR + index * MINUTE, ends: index % 100 === 1 },
      { username: 'alice', ageMs: 30 * HOUR, ends: false },
      { username: 'Mallory', ageMs: MINUTE, ends: true },
      { username: `u${index}@FORMER-vendor.example`, ageMs: MINUTE, ends: true },
      { username: `EXT-${index}`, ageMs: MINUTE, ends: true },
      { username: 'zoe', commonName: `pager-${index}`, ageMs: 40 * HOUR, ends: false },
    ][index % 100 < 7 ? index % 100 : 0]
    if (person === undefined) continue
    const { ends, ...arrival } = person
    const id = office.world.connect({ endpointId: OFFICE, ...arrival })
    if (ends) violators.add(id)
  }
  return violators
}

describe.concurrent('curfew run --once', () => {
  it('terminates exactly the violators among 2,300 connections on three pages, and confirms each', async () => {
    await using office = await startOffice()
    const violators = fill(office)
    await using here = await workspace({
      'curfew.yaml': curfewYaml(
        'mode: enforce\npoll: { minGap: 1s }\ntermination: { rate: { burst: 50, perSecond: 5 } }',
      ),
      'policies.yaml': POLICIES,
    })
    const { code, log, stderr } = await here.run(['run', '--once', '-c', 'curfew.yaml'], office.env)
    expect(stderr).toBe('')
    expect(code).toBe(0)
    expect(violators.size).toBe(92)
    expect([...terminatedIds(office)].sort()).toEqual([...violators].sort())
    const outcomes = log.filter(({ event }) => event === 'termination')
    expect(outcomes).toHaveLength(92)
    expect(new Set(outcomes.map(({ outcome }) => outcome))).toEqual(new Set(['confirmed']))
    expect(outcomes.every(({ because, policy }) => because !== null && policy !== null)).toBe(true)
    const pages = office.requests.filter(
      ({ action, params }) => action === 'DescribeClientVpnConnections' && params.DryRun !== 'true',
    )
    expect(pages.slice(0, 3).map(({ params }) => params.NextToken === undefined)).toEqual([true, false, false])
    const stillActive = office.world.connections(OFFICE).filter(({ status }) => status === 'active')
    expect(stillActive).toHaveLength(2300 - 92)
  })

  it('in audit mode reports the same violators and sends no termination', async () => {
    await using office = await startOffice()
    const violators = fill(office)
    await using here = await workspace({ 'curfew.yaml': curfewYaml(), 'policies.yaml': POLICIES })
    const { code, log } = await here.run(['run', '--once', '-c', 'curfew.yaml'], office.env)
    expect(code).toBe(0)
    expect(terminateCalls(office)).toEqual([])
    const reported = log.filter(({ event }) => event === 'violation').map(({ connectionId }) => connectionId)
    expect(new Set(reported)).toEqual(violators)
  })

  it('fails if the time runs out before a termination is confirmed', async () => {
    await using office = await startOffice(
      {},
      { intercept: (request) => (isTermination(request) ? 'hang' : undefined) },
    )
    office.world.connect({ endpointId: OFFICE, username: 'bob', ageMs: 9 * HOUR })
    await using here = await workspace({
      'curfew.yaml': curfewYaml('mode: enforce'),
      'policies.yaml': POLICIES,
    })
    const { code } = await here.run(['run', '--once', '--timeout', '2s', '-c', 'curfew.yaml'], office.env)
    expect(code).toBe(1)
  })

  it('fails as long as a connection is up that was given up, also by the run before', async () => {
    await using office = await startOffice(
      {},
      { intercept: (request) => (isTermination(request) ? 'denied' : undefined) },
    )
    office.world.connect({ endpointId: OFFICE, username: 'bob', ageMs: 9 * HOUR })
    await using here = await workspace({
      'curfew.yaml': curfewYaml('mode: enforce\ntermination: { attempts: 1 }'),
      'policies.yaml': POLICIES,
    })
    const once = () => here.run(['run', '--once', '-c', 'curfew.yaml'], office.env)
    const [first, second] = [await once(), await once()]
    expect([first, second].map(({ code }) => code)).toEqual([1, 1])
    expect([first, second].map(({ log }) => log.filter(({ event }) => event === 'left-up').length)).toEqual([1, 1])
    expect(terminateCalls(office)).toHaveLength(1)
  })
})
