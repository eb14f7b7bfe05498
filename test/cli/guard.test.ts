import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { createStateFile } from '../../src/adapters/files/state-file.ts'
import type { Standing } from '../../src/domain/guard/standing.ts'
import { HOUR, MINUTE } from '../../src/domain/time/instant.ts'
import { workspace } from './curfew.ts'
import { curfewYaml, OFFICE, startOffice, terminateCalls, terminatedIds } from './office.ts'

const CONFIG = curfewYaml('mode: enforce\npoll: { schedule: "* * * * * *", minGap: 1s }')

const policies = (...lines: readonly string[]) =>
  `version: 1\npolicies:\n${lines.map((line) => `  - ${line}\n`).join('')}`
const age = (maxAge: string, more = '') => `{ name: daily, kind: max-session-age, maxAge: ${maxAge}${more} }`
const ban = (name: string) => `{ name: leavers, kind: banned-users, users: [${name}], guard: off }`

/** Fifty connections, of which forty are five hours old. */
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

describe('an edit after which 80 % of an endpoint violate a policy at once', () => {
  it('is held across restarts and reported; an urgent ban next to it acts; another edit releases it', async () => {
    await using office = await startOffice()
    const { early, late } = fill(office)
    await using here = await workspace({ 'curfew.yaml': CONFIG, 'policies.yaml': policies(age('8h')) })
    const start = () => here.start(['run', '-c', 'curfew.yaml'], office.env)
    const edited = policies(age('4h'), ban('early-7'))
    let since: unknown
    {
      await using running = start()
      await running.untilLogged('decided')
      await here.write('policies.yaml', edited)
      const held = await running.untilLogged('held')
      expect(held).toMatchObject({ level: 'warn', policy: 'daily', endsNow: 40, endsLater: 10, active: 50 })
      expect(held.release).toContain('"guard: off" in it')
      since = held.since
      await running.untilLogged('termination', ({ connectionId }) => connectionId === early[7])
      running.child.kill('SIGTERM')
      expect(await running.exited).toBe(0)
    }
    // A hold outlives a kill and an orderly stop.
    for (const signal of ['SIGKILL', 'SIGTERM'] as const) {
      await using running = start()
      const url = await running.until(() => running.log().find(({ url }) => typeof url === 'string')?.url)
      // The first decision and three more.
      await running.until(() => running.log().filter(({ event }) => event === 'decided')[3])
      const metrics = await (await fetch(`${String(url)}/metrics`)).text()
      expect(metrics).toContain(`curfew_guard_held_connections{vpn_endpoint="${OFFICE}",policy="daily"} 39`)
      const status = (await (await fetch(`${String(url)}/status`)).json()) as unknown
      expect(status).toMatchObject({ endpoints: [{ held: 39, holds: [{ policy: 'daily', since }] }] })
      running.child.kill(signal)
      await running.exited
    }
    expect(terminatedIds(office)).toEqual([early[7]])
    const held = trail(here.folder).filter(({ event }) => event === 'held')
    expect(held).toMatchObject([{ policy: 'daily', because: expect.stringContaining('40 of 50') }])
    // Each connection that stays up has a record that says so.
    const kept = trail(here.folder).filter(({ event }) => event === 'would-end')
    expect(new Set(kept.map(({ connectionId }) => connectionId))).toEqual(new Set(early))
    expect(new Set(kept.map(({ heldBy }) => heldBy))).toEqual(new Set(['guard']))
    const planned = (await here.run(['plan', '-c', 'curfew.yaml'], office.env)).stdout
    expect(planned).toContain(`The guard holds the policy "daily" since ${String(since).slice(0, 19)}Z`)
    expect(planned).toContain('"guard: off" in it')

    await here.write('policies.yaml', policies(age('4h', ', guard: off'), ban('early-7')))
    await using running = start()
    await running.untilLogged('decided', ({ active }) => active === late.length)
    expect(terminatedIds(office).toSorted()).toEqual(early.toSorted())
    expect(trail(here.folder).filter(({ event }) => event === 'released')).toMatchObject([{ policy: 'daily' }])
  })
})

describe('an edit that ends most of an endpoint within the day', () => {
  const young = (office: Awaited<ReturnType<typeof startOffice>>) => {
    for (let index = 0; index < 30; index++)
      office.world.connect({ endpointId: OFFICE, username: `person-${index}`, ageMs: MINUTE })
  }

  it('is held at a start with the changed files, as a rollout makes one, before anybody is ended', async () => {
    await using office = await startOffice()
    young(office)
    await using here = await workspace({ 'curfew.yaml': CONFIG, 'policies.yaml': policies(age('10h')) })
    const start = () => here.start(['run', '-c', 'curfew.yaml'], office.env)
    {
      await using running = start()
      await running.untilLogged('decided')
      running.child.kill('SIGTERM')
      await running.exited
    }
    await here.write('policies.yaml', policies(age('2h')))
    await using running = start()
    expect(await running.untilLogged('held')).toMatchObject({ endsNow: 0, endsLater: 30, active: 30 })
    expect(terminateCalls(office)).toEqual([])
  })

  it('is shown by "plan --against" before it is saved: policies, or the whole configuration', async () => {
    await using office = await startOffice()
    young(office)
    const edited = policies(age('2h'))
    await using here = await workspace({
      'curfew.yaml': CONFIG,
      'policies.yaml': policies(age('10h')),
      'next/policies.yaml': edited,
      'branch/curfew.yaml': CONFIG,
      'branch/policies.yaml': edited,
    })
    const plan = async (...args: readonly string[]) => {
      const { code, stdout } = await here.run(['plan', '-c', 'curfew.yaml', ...args, '--output', 'json'], office.env)
      expect(code).toBe(0)
      const { endpoints } = JSON.parse(stdout) as { readonly endpoints: readonly [Record<string, readonly unknown[]>] }
      return { newlyEnded: endpoints[0].newlyEnded?.length, holds: endpoints[0].holds }
    }
    expect(await plan()).toEqual({ newlyEnded: 0, holds: [] })
    const held = { newlyEnded: 30, holds: [expect.objectContaining({ policy: 'daily', endsNow: 0, endsLater: 30 })] }
    for (const path of ['next', 'next/policies.yaml', 'branch/curfew.yaml']) {
      expect({ path, ...(await plan('--against', path)) }).toEqual({ path, ...held })
    }
    const { stdout } = await here.run(['plan', '-c', 'curfew.yaml', '--against', 'next'], {
      ...office.env,
      COLUMNS: '100',
    })
    expect(stdout).toContain('The guard holds the policy "daily"')
    expect(stdout.split('\n').filter((line) => line.length > 100)).toEqual([])
    // The edited file's rate says how long the calls take.
    const slow = `${CONFIG}\ntermination: { rate: { burst: 1, perSecond: 1 } }\n`
    await here.write('branch/curfew.yaml', slow)
    await here.write('branch/policies.yaml', policies(age('30s', ', guard: off')))
    const inBranch = ['plan', '-c', 'curfew.yaml', '--against', 'branch/curfew.yaml', '--output', 'json']
    const { endpoints } = JSON.parse((await here.run(inBranch, office.env)).stdout) as { readonly endpoints: unknown }
    expect(endpoints).toMatchObject([{ calls: 30, etaSeconds: 29 }])
    await here.write('next/policies.yaml', 'version: 1\n')
    expect((await here.run(['plan', '-c', 'curfew.yaml', '--against', 'next'], office.env)).code).toBe(1)
  })
})

describe('a violation that was foreseeable', () => {
  it('is not held when 80 % reach their limit together', async () => {
    await using office = await startOffice()
    const { late } = fill(office)
    await using here = await workspace({ 'curfew.yaml': CONFIG, 'policies.yaml': policies(age('8h')) })
    await using running = here.start(['run', '-c', 'curfew.yaml'], office.env)
    await running.untilLogged('decided')
    // They are due after the start, however long it took.
    for (let index = 0; index < 200; index++)
      office.world.connect({ endpointId: OFFICE, username: `nearly-due-${index}`, ageMs: 8 * HOUR - 1000 })
    expect(terminateCalls(office)).toEqual([])
    await running.untilLogged('accepted')
    expect(running.log().filter(({ event }) => event === 'held')).toEqual([])
    expect(late.every((id) => office.world.status(id) === 'active')).toBe(true)
  })

  it('is not held when the office closes while the daemon is down, under a policy known since yesterday', async () => {
    await using office = await startOffice()
    const { early, late } = fill(office)
    // Denied from the previous full hour until the one after next, for the users of the pattern.
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
    // The same daemon, known since yesterday, and without its hold.
    const store = createStateFile(join(here.folder, 'data/state.json'))
    const { policies: ages, endpoints, ...rest } = await store.peek()
    const aged = <Value>(all: Readonly<Record<string, Value>>, older: (value: Value) => Value) =>
      Object.fromEntries(Object.entries(all).map(([key, value]) => [key, older(value)]))
    const inForce = (standing: Standing): Standing => {
      expect(standing.state).toBe('held')
      return { state: 'in-force', version: standing.version, comparedAt: Date.now() - 24 * HOUR }
    }
    await store.save({
      ...rest,
      policies: aged(ages, (known) => ({ ...known, changedAt: known.changedAt - 24 * HOUR })),
      endpoints: aged(endpoints, (kept) => ({
        ...kept,
        watchedSince: kept.watchedSince - 24 * HOUR,
        guard: { ...kept.guard, standings: aged(kept.guard.standings, inForce) },
      })),
    })
    await using running = start()
    await running.untilLogged('decided', ({ active }) => active === late.length)
    expect(terminatedIds(office).toSorted()).toEqual(early.toSorted())
    expect(running.log().filter(({ event }) => event === 'held')).toEqual([])
  })
})
