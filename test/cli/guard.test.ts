import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { HOUR, MINUTE } from '../../src/domain/time/instant.ts'
import { workspace } from './curfew.ts'
import { curfewYaml, OFFICE, startOffice, terminateCalls, terminatedIds } from './office.ts'

const CONFIG = curfewYaml('mode: enforce\npoll: { schedule: "* * * * * *", minGap: 1s }')

const policies = (...lines: readonly string[]) =>
  `version: 1\npolicies:\n${lines.map((line) => `  - ${line}\n`).join('')}`
const age = (maxAge: string, more = '') => `{ name: daily, kind: max-session-age, maxAge: ${maxAge}${more} }`
const ban = (name: string) => `{ name: leavers, kind: banned-users, users: [${name}], guard: off }`

/** Fifty people, of whom forty are on since five hours. */
const fill = (office: Awaited<ReturnType<typeof startOffice>>) => {
  const connect = (username: string, ageMs: number) => office.world.connect({ endpointId: OFFICE, username, ageMs })
  const early = Array.from({ length: 40 }, (_, index) => connect(`early-${index}`, 5 * HOUR))
  const late = Array.from({ length: 10 }, (_, index) => connect(`late-${index}`, MINUTE))
  return { early, late }
}

const trail = (folder: string) =>
  readFileSync(join(folder, 'data/audit.jsonl'), 'utf8')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Record<string, unknown>)

describe('an edit that would condemn 80 % of an endpoint after the fact', () => {
  it('ends nobody and says why, over restarts too; an urgent ban beside it acts; an edit releases it', async () => {
    await using office = await startOffice()
    const { early, late } = fill(office)
    await using here = await workspace({ 'curfew.yaml': CONFIG, 'policies.yaml': policies(age('8h')) })
    const start = () => here.start(['run', '-c', 'curfew.yaml'], office.env)
    const hasten = policies(age('4h'), ban('early-7'))
    {
      await using running = start()
      await running.untilLogged('decided')
      await here.write('policies.yaml', hasten)
      const held = await running.untilLogged('held')
      expect(held).toMatchObject({ level: 'warn', policy: 'daily', connections: 40, active: 50 })
      expect(held.msg).toContain('guard: off')
      await running.untilLogged('termination', ({ connectionId }) => connectionId === early[7])
      running.child.kill('SIGTERM')
      expect(await running.exited).toBe(0)
    }
    // In order, then not: a hold outlives both.
    for (const signal of ['SIGKILL', 'SIGTERM'] as const) {
      await using running = start()
      const url = await running.until(() => running.log().find(({ url }) => typeof url === 'string')?.url)
      // The first decisions, and some more.
      await running.until(() => running.log().filter(({ event }) => event === 'decided')[3])
      const metrics = await (await fetch(`${String(url)}/metrics`)).text()
      expect(metrics).toContain(`curfew_guard_held_connections{vpn_endpoint="${OFFICE}",policy="daily"} 39`)
      running.child.kill(signal)
      await running.exited
    }
    expect(terminatedIds(office)).toEqual([early[7]])
    const held = trail(here.folder).filter(({ event }) => event === 'held')
    expect(held.map(({ connectionId }) => String(connectionId)).toSorted()).toEqual(early.toSorted())

    await here.write('policies.yaml', policies(age('4h', ', guard: off'), ban('early-7')))
    await using running = start()
    await running.untilLogged('decided', ({ active }) => active === late.length)
    expect(terminatedIds(office).toSorted()).toEqual(early.toSorted())
    expect(trail(here.folder).filter(({ event }) => event === 'released')).toHaveLength(40)
  })
})

describe('what was foreseen', () => {
  it('is not held: 80 % reach their limit together', async () => {
    await using office = await startOffice()
    const { late } = fill(office)
    for (let index = 0; index < 200; index++)
      office.world.connect({ endpointId: OFFICE, username: `ripe-${index}`, ageMs: 8 * HOUR - 3000 })
    await using here = await workspace({ 'curfew.yaml': CONFIG, 'policies.yaml': policies(age('8h')) })
    await using running = here.start(['run', '-c', 'curfew.yaml'], office.env)
    await running.untilLogged('decided')
    expect(terminateCalls(office)).toEqual([])
    await running.untilLogged('accepted')
    expect(running.log().filter(({ event }) => event === 'held')).toEqual([])
    expect(late.every((id) => office.world.status(id) === 'active')).toBe(true)
  })

  it('is not held: the office closed while the daemon was down, by a policy it had known since yesterday', async () => {
    await using office = await startOffice()
    const { early, late } = fill(office)
    // Open until an hour ago, and again in the hour that is now, for those who came late.
    const hour = (offset: number) => `${String(new Date(Date.now() + offset * HOUR).getUTCHours()).padStart(2, '0')}:00`
    const closing = (users: string) =>
      `{ name: closing, kind: off-hours, timeZone: UTC, denied: [{ hours: "${hour(-1)}-${hour(2)}" }], match: { users: ["${users}"] } }`
    await using here = await workspace({ 'curfew.yaml': CONFIG, 'policies.yaml': policies(closing('early-*')) })
    const start = () => here.start(['run', '-c', 'curfew.yaml'], office.env)
    {
      await using running = start()
      await running.untilLogged('held')
      running.child.kill('SIGTERM')
      await running.exited
    }
    expect(terminateCalls(office)).toEqual([])
    const file = join(here.folder, 'data/state.json')
    const { state } = JSON.parse(readFileSync(file, 'utf8')) as {
      state: {
        policies: Record<string, { changedAt: number }>
        endpoints: Record<string, { guard: unknown[]; watchedSince: number }>
      }
    }
    for (const policy of Object.values(state.policies)) policy.changedAt -= 24 * HOUR
    for (const kept of Object.values(state.endpoints)) {
      kept.watchedSince -= 24 * HOUR
      kept.guard = []
    }
    // As before there was a checksum.
    writeFileSync(file, JSON.stringify({ version: 1, ...state }))
    await using running = start()
    await running.untilLogged('decided', ({ active }) => active === late.length)
    expect(terminatedIds(office).toSorted()).toEqual(early.toSorted())
    expect(running.log().filter(({ event }) => event === 'held')).toEqual([])
  })
})
