import { createHash } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it, vi } from 'vitest'
import { workspace } from './curfew.ts'
import { curfewYaml, OFFICE, startOffice } from './office.ts'

const POLICIES = `
version: 1
policies:
  - { name: leavers, kind: banned-users, usersFile: ./banned.txt, guard: off }
`

const FILES = {
  'curfew.yaml': curfewYaml('mode: enforce\npoll: { minGap: 1s }'),
  'policies.yaml': POLICIES,
  'banned.txt': 'alice\n',
}

interface Line {
  readonly event: string
  readonly policySetHash: string
  readonly text?: string
}

const trailIn = (folder: string) => {
  const lines = readFileSync(join(folder, 'data', 'audit.jsonl'), 'utf8')
    .split('\n')
    .slice(0, -1)
  return lines.map((line) => JSON.parse(line) as Line)
}

it('the trail has each policy set in force, whose text proves its hash, before the first intent under it', async () => {
  await using office = await startOffice()
  for (const username of ['alice', 'bob']) office.world.connect({ endpointId: OFFICE, username })
  await using here = await workspace(FILES)
  await using running = here.start(['run', '-c', 'curfew.yaml'], office.env)
  await running.untilLogged('termination', ({ username }) => username === 'alice')
  await here.write('banned.txt', 'alice\nbob\n')
  await running.untilLogged('termination', ({ username }) => username === 'bob')
  const { url } = await running.untilLogged('listening')
  const status = (await (await fetch(`${String(url)}/status`)).json()) as { policySetHash: string }

  const lines = trailIn(here.folder)
  const order = lines.map(({ event }) => event).filter((event) => event !== 'outcome')
  expect(order).toEqual(['start', 'policy-set', 'intent', 'reload', 'policy-set', 'list-changed', 'intent'])
  const sets = lines.filter(({ event }) => event === 'policy-set')
  for (const { text = '', policySetHash } of sets)
    expect(createHash('sha256').update(text).digest('hex')).toBe(policySetHash)
  expect(sets[0]?.policySetHash).toBe(lines.find(({ event }) => event === 'intent')?.policySetHash)
  expect(sets[1]?.policySetHash).toBe(status.policySetHash)
  expect(JSON.parse(sets[1]?.text ?? '')).toMatchObject({
    policies: [{ name: 'leavers', usersFile: ['alice', 'bob'] }],
  })
})

it('a daemon that is killed and started again and again writes the text once, and anew after an edit', async () => {
  await using office = await startOffice()
  await using here = await workspace(FILES)
  const expected: string[] = []
  /** Kills the daemon once it has written these records, has read the office, and has a state. */
  const startAndKill = async (...events: string[]) => {
    expected.push(...events)
    await using running = here.start(['run', '-c', 'curfew.yaml'], office.env)
    await running.untilLogged('decided')
    await vi.waitUntil(() => trailIn(here.folder).length >= expected.length, 10_000)
    await vi.waitUntil(() => existsSync(join(here.folder, 'data', 'state.json')), 10_000)
    expect(trailIn(here.folder).map(({ event }) => event)).toEqual(expected)
  }
  await startAndKill('start', 'policy-set')
  await startAndKill('start')
  await startAndKill('start')
  await here.write('banned.txt', 'bob\n')
  await startAndKill('start', 'policy-set', 'list-changed')
})

it('names the users that an edit banned while the daemon was stopped, before it ends them', async () => {
  await using office = await startOffice()
  for (const username of ['alice', 'bob']) office.world.connect({ endpointId: OFFICE, username })
  await using here = await workspace(FILES)
  const startUntilEnded = async (name: string) => {
    await using running = here.start(['run', '-c', 'curfew.yaml'], office.env)
    await running.untilLogged('termination', ({ username }) => username === name)
    running.child.kill('SIGTERM')
    await running.exited
  }
  await startUntilEnded('alice')
  await here.write('banned.txt', 'bob\n')
  await startUntilEnded('bob')
  const lines = trailIn(here.folder)
  const lists = lines.filter(({ event }) => event === 'list-changed')
  expect(lists).toMatchObject([{ policy: 'leavers', list: 'users', added: ['bob'], removed: ['alice'] }])
  const order = lines.slice(lines.findLastIndex(({ event }) => event === 'start')).map(({ event }) => event)
  expect(order).toEqual(['start', 'policy-set', 'list-changed', 'intent', 'outcome', 'stop'])
})
