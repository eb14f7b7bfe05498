import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { BEFORE_ALL, lineOf } from '../../src/adapters/audit/audit-line.ts'
import { createStateFile } from '../../src/adapters/files/state-file.ts'
import { endpointKey } from '../../src/app/site.ts'
import { EMPTY_STATE } from '../../src/app/state.ts'
import { createMemory } from '../../src/domain/judge/memory.ts'
import type { KeptTermination } from '../../src/domain/terminate/termination.ts'
import { HOUR, MINUTE, toText } from '../../src/domain/time/instant.ts'
import { workspace } from './curfew.ts'
import { curfewYaml, OFFICE, startOffice } from './office.ts'

const files = {
  'curfew.yaml': curfewYaml('mode: enforce\nprotect: { users: [break-glass] }'),
  'policies.yaml': `
version: 1
policies:
  - { name: daily, kind: max-session-age, maxAge: 8h, exempt: { users: [{ pattern: alice, until: "2026-12-01T00:00:00Z", reason: on call }] } }
  - { name: leavers, kind: banned-users, users: [mallory] }
  - { name: hours, kind: off-hours, timeZone: Europe/Berlin, allowed: [{ days: mon-fri, hours: "07:30-18:30" }], match: { users: ["ext-*"] } }
`,
}

interface Explained {
  readonly decision: string
  readonly leadPolicy: string | null
  readonly nextAt: string | null
  readonly verdicts: ReadonlyArray<Record<string, unknown>>
}

const explain = async (...args: readonly string[]) => {
  await using here = await workspace(files)
  const { code, stdout, stderr } = await here.run(
    ['explain', '--imagine', '-c', 'curfew.yaml', '--output', 'json', ...args],
    {},
  )
  expect(stderr).toBe('')
  expect(code).toBe(0)
  return JSON.parse(stdout) as Explained
}

describe('curfew explain --imagine', () => {
  it('reports the verdict of each policy, why, since when, and when it changes next', async () => {
    const evening = ['--at', '2026-11-23T18:36:00+01:00', '--established', '2026-11-23T09:00:00+01:00']
    const { decision, leadPolicy, nextAt, verdicts } = await explain('--user', 'EXT-carol', ...evening)
    expect({ decision, leadPolicy, nextAt }).toEqual({
      decision: 'terminate',
      leadPolicy: 'daily',
      nextAt: null,
    })
    expect(verdicts).toMatchObject([
      {
        policy: 'daily',
        kind: 'max-session-age',
        verdict: 'violated',
        since: '2026-11-23T16:00:00.000Z',
        nextAt: null,
      },
      { policy: 'leavers', verdict: 'fine', nextAt: null },
      {
        policy: 'hours',
        verdict: 'violated',
        since: '2026-11-23T17:30:00.000Z',
        deadline: '2026-11-23T17:30:00.000Z',
        nextAt: '2026-11-24T06:30:00.000Z',
        because: expect.stringContaining('Europe/Berlin') as unknown,
      },
    ])
  })

  it('does not call an end that comes in this very second an end in no time', async () => {
    await using here = await workspace(files)
    const times = ['--at', '2026-11-23T12:00:00Z', '--established', '2026-11-23T04:00:00.400Z']
    const { stdout } = await here.run(['explain', '--imagine', '-c', 'curfew.yaml', '--user', 'bob', ...times], {})
    expect(stdout).toContain('which is in less than a second.')
    expect(stdout).not.toContain('in 0s')
  })

  it('without --established assumes that the user connects at that instant', async () => {
    const { decision, nextAt } = await explain('--user', 'bob', '--at', '2026-11-23T12:00:00Z')
    expect({ decision, nextAt }).toEqual({ decision: 'keep', nextAt: '2026-11-23T20:00:00.000Z' })
  })

  it('reports the entry of an exemption, its end and its reason', async () => {
    const at = ['--at', '2026-11-23T12:00:00Z']
    const { verdicts } = await explain('--user', 'alice', ...at)
    expect(verdicts[0]).toMatchObject({ verdict: 'exempt', nextAt: '2026-12-01T00:00:00.000Z' })
    expect(verdicts[0]?.because).toMatch(/alice.*2026-12-01.*on call/)
    expect((await explain('--user', 'break-glass', ...at)).verdicts.map(({ verdict }) => verdict)).toEqual([
      'exempt',
      'exempt',
      'not-matched',
    ])
  })

  it('as text ends with one sentence that can be sent to the user', async () => {
    await using here = await workspace(files)
    const { stdout } = await here.run(['explain', '--imagine', '-c', 'curfew.yaml', '--user', 'Mallory'], {})
    const [, sentence = ''] = stdout.split('Message for the user:\n')
    expect(sentence.trim().split('\n')).toHaveLength(1)
    expect(sentence).toContain('mallory')
    expect(sentence).toContain('leavers')
  })

  it.each([
    [[], '--user'],
    [['--imagine'], '--user'],
    [['--user', 'bob', '--connection', 'x'], '--connection'],
    [['--imagine', '--connection', 'x'], '--connection'],
    [['--connection', ''], '--connection'],
    [['--connection', 'x', '--at', '2026-11-23T12:00:00Z'], '--at'],
    [['--user', 'bob', '--established', '2026-11-23T12:00:00Z'], '--imagine'],
    [['--user', '-'], '"-"'],
    [['--imagine', '--user', 'bob', '--at', 'noon'], 'noon'],
    [['--imagine', '--user', 'bob', '--endpoint', 'cvpn-endpoint-00000000000000000'], OFFICE],
  ])('refuses %j as wrong usage', async (args, word) => {
    await using here = await workspace(files)
    const { code, stderr } = await here.run(['explain', '-c', 'curfew.yaml', ...args], {})
    expect(code).toBe(64)
    expect(stderr).toContain(word)
  })
})

describe('curfew explain --connection', () => {
  it('judges a live connection together with the others of its user', async () => {
    await using office = await startOffice()
    const connect = (ageMs: number) => office.world.connect({ endpointId: OFFICE, username: 'dave', ageMs })
    const [first] = [connect(2 * HOUR), connect(HOUR)]
    await using here = await workspace({
      ...files,
      'policies.yaml': 'version: 1\npolicies: [{ name: one, kind: max-sessions, limit: 1 }]\n',
    })
    const args = ['explain', '-c', 'curfew.yaml', '--output', 'json', '--connection']
    const { code, stdout } = await here.run([...args, first], office.env)
    expect(code).toBe(0)
    expect(JSON.parse(stdout)).toMatchObject({
      connections: [{ connectionId: first, state: 'terminate', decision: 'terminate', leadPolicy: 'one' }],
    })
    const missing = await here.run([...args, 'cvpn-connection-00000000000000000'], office.env)
    expect(missing.code).toBe(1)
    expect(missing.stderr).toContain('cvpn-connection-00000000000000000')
  })
})

describe('curfew connections', () => {
  it('lists the active connections, the oldest first, each with its next deadline', async () => {
    await using office = await startOffice()
    office.world.connect({ endpointId: OFFICE, username: 'bob', ageMs: 7 * HOUR + 30 * MINUTE })
    office.world.connect({ endpointId: OFFICE, username: 'carol', ageMs: 9 * HOUR })
    office.world.connect({ endpointId: OFFICE, username: 'break-glass', ageMs: 90 * HOUR })
    await using here = await workspace(files)
    const { code, stdout } = await here.run(['connections', '-c', 'curfew.yaml'], office.env)
    expect(code).toBe(0)
    const rows = stdout.split('\n').map((line) => line.split(/\s{2,}/))
    expect(rows.find(([user]) => user === 'carol')).toMatchObject([
      'carol',
      expect.any(String),
      'now',
      'daily',
      expect.any(String),
    ])
    expect(rows.find(([user]) => user === 'bob')?.[3]).toBe('daily')
    expect(rows.find(([user]) => user === 'break-glass')?.[3]).toBe('-')
    expect(rows.map(([user]) => user).filter((user) => ['bob', 'carol', 'break-glass'].includes(user ?? ''))).toEqual([
      'break-glass',
      'carol',
      'bob',
    ])
  })
})

describe('a connection whose termination is under way', () => {
  it.each([
    ['waiting', 'next try AGAIN', 'The next attempt to terminate the connection is at AGAIN.'],
    ['given-up', 'given up, next try AGAIN', 'The next attempt is at AGAIN.'],
    ['unproven', 'now', 'No snapshot has confirmed it yet.'],
  ] as const)('is shown with what comes next: %s', async (state, deadline, note) => {
    await using office = await startOffice()
    const connectionId = office.world.connect({ endpointId: OFFICE, username: 'carol', ageMs: 9 * HOUR })
    await using here = await workspace(files)
    const now = Date.now()
    const answered = {
      violation: {
        connectionId,
        username: 'carol',
        commonName: undefined,
        policy: 'daily',
        reason: 'session-age',
        since: now - HOUR,
        deadline: now - HOUR,
        because: 'too old',
        alsoBy: [],
      },
      attempts: 3,
      callId: 'x-1',
      selector: 'connection-id',
      leftAt: now - 1000,
      answeredAt: now - 1000,
      requestId: undefined,
    } as const
    const again = { heard: 'read', absences: 0, tryAgainAt: now + 4 * MINUTE } as const
    const termination: KeptTermination =
      state === 'unproven' ? { ...answered, state, absences: 0 } : { ...answered, ...again, state }
    const kept = { ...createMemory().kept(), watchedSince: 0, terminations: [termination] }
    await createStateFile(join(here.folder, 'data/state.json')).save({
      ...EMPTY_STATE,
      endpoints: { [endpointKey('eu-central-1', OFFICE)]: kept },
    })
    // A termination of the state counts only with its intent in the trail.
    const on = { endpointId: OFFICE, account: undefined, region: 'eu-central-1' }
    const call = { id: answered.callId, selector: answered.selector }
    const hash = { policySetHash: '0'.repeat(64) }
    const intent = { time: answered.leftAt, event: 'intent', ...on, ...answered.violation, call, ...hash } as const
    await here.write('data/audit.jsonl', `${lineOf(intent, BEFORE_ALL).toString()}\n`)
    const listed = await here.run(['connections', '-c', 'curfew.yaml'], office.env)
    expect(listed.stdout.split('\n').find((line) => line.startsWith('carol'))).toContain(
      `  ${deadline.replace('AGAIN', toText(again.tryAgainAt))}  `,
    )
    const explained = await here.run(['explain', '-c', 'curfew.yaml', '--connection', connectionId], office.env)
    expect(explained.stdout).toContain(note.replace('AGAIN', toText(again.tryAgainAt)))
  })
})

describe('a banned name that is only a part of user names', () => {
  it('is one line of the plan, and one of the log', async () => {
    await using office = await startOffice()
    for (const username of ['CORP\\mallory', 'Mallory@corp.example', 'mallory@vendor.example', 'mallory2']) {
      office.world.connect({ endpointId: OFFICE, username })
    }
    await using here = await workspace(files)
    const { stdout } = await here.run(['plan', '-c', 'curfew.yaml', '--output', 'json'], office.env)
    const nearMiss = { username: 'CORP\\mallory', policy: 'leavers', list: 'users', entry: 'mallory', users: 3 }
    expect(JSON.parse(stdout)).toMatchObject({ endpoints: [{ nearMisses: [nearMiss] }] })
    const text = await here.run(['plan', '-c', 'curfew.yaml'], office.env)
    expect(text.stdout).toContain(
      'Entries that only resemble connected users, did you mean them? (1)\n  "mallory" in users of leavers: CORP\\mallory and 2 more\n',
    )
    const { log } = await here.run(['run', '--once', '-c', 'curfew.yaml'], office.env)
    expect(log.filter(({ event }) => event === 'near-miss')).toMatchObject([nearMiss])
  })
})

describe('a name that is not what it looks like', () => {
  it('is shown in quotes, with escapes, by plan and connections', async () => {
    await using office = await startOffice()
    for (const username of ['m\u0430llory', 'MALLORY ', 'carol\u00a0'])
      office.world.connect({ endpointId: OFFICE, username })
    await using here = await workspace(files)
    const plan = await here.run(['plan', '-c', 'curfew.yaml'], office.env)
    expect(plan.stdout).toMatch(/^"MALLORY " +leavers /m)
    expect(plan.stdout).toContain(String.raw`  "mallory" in users of leavers: "m\u0430llory"`)
    const { stdout } = await here.run(['connections', '-c', 'curfew.yaml'], office.env)
    expect(stdout.match(/^"[^"]*"/gm)?.sort()).toEqual([
      '"MALLORY "',
      String.raw`"carol\u00a0"`,
      String.raw`"m\u0430llory"`,
    ])
  })
})

describe('curfew schema', () => {
  it.each([
    ['config', 'curfew'],
    ['policies', 'policies'],
    ['test', 'test'],
  ])('%s prints the schema of config/schema/', async (name, file) => {
    await using here = await workspace({})
    const { code, stdout } = await here.run(['schema', name])
    expect(code).toBe(0)
    expect(JSON.parse(stdout)).toEqual(JSON.parse(readFileSync(`config/schema/${file}.schema.json`, 'utf8')))
  })

  it('refuses any other name as wrong usage', async () => {
    await using here = await workspace({})
    expect((await here.run(['schema', 'nonsense'])).code).toBe(64)
    expect((await here.run(['schema'])).code).toBe(64)
  })
})
