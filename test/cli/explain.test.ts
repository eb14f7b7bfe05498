import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import type { KeptTermination } from '../../src/domain/terminate/termination.ts'
import { HOUR, MINUTE, toText } from '../../src/domain/time/instant.ts'
import { workspace } from './curfew.ts'
import { changeKept, terminationOf } from './kept-state.ts'
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

interface Live {
  readonly connections: ReadonlyArray<Readonly<Record<string, unknown>>>
  readonly endpoints: ReadonlyArray<Readonly<Record<string, unknown>>>
  readonly summary: Readonly<Record<string, unknown>>
}

describe('curfew explain --user', () => {
  const BRANCH = 'cvpn-endpoint-0123456789abcdef1'
  const startTwo = async (isBranchBlind = false) => {
    const endpoints = [
      { id: OFFICE, name: 'office', region: 'eu-central-1', authentication: 'federated' },
      { id: BRANCH, name: 'branch', region: 'us-east-1', authentication: 'certificate' },
    ] as const
    const office = await startOffice(
      { endpoints: [...endpoints] },
      {
        intercept: ({ region, action }) =>
          isBranchBlind && region === 'us-east-1' && action.startsWith('Describe')
            ? { status: 503, body: '' }
            : undefined,
      },
    )
    const here = await workspace({
      ...files,
      'curfew.yaml': files['curfew.yaml'].replace(
        /^watch: \[(.*)\]$/m,
        `watch: [$1, { region: us-east-1, endpoints: [{ id: ${BRANCH}, name: branch }] }]`,
      ),
    })
    const run = (...args: readonly string[]) => here.run(['explain', '-c', 'curfew.yaml', ...args], office.env)
    return {
      run,
      connect: (endpointId: string, arrival: { username?: string; commonName?: string; ageMs?: number }) =>
        office.world.connect({ endpointId, ...arrival }),
      leave: office.world.leave,
      async json(...args: readonly string[]) {
        const { code, stdout } = await run(...args, '--output', 'json')
        return { code, ...(JSON.parse(stdout) as Live) }
      },
      [Symbol.asyncDispose]: async () => {
        await office.close()
        await here[Symbol.asyncDispose]()
      },
    }
  }
  const idsOf = ({ connections }: Live) => connections.map(({ connectionId }) => connectionId)

  it('explains every active connection of the user on every endpoint, and nobody else', async () => {
    await using two = await startTwo()
    const old = two.connect(OFFICE, { username: 'Carol', ageMs: 9 * HOUR })
    const device = two.connect(BRANCH, { commonName: 'CAROL' })
    two.connect(OFFICE, { username: 'caroline' })
    two.leave(two.connect(OFFICE, { username: 'carol' }))
    const found = await two.json('--user', ' carol')
    expect(found.code).toBe(0)
    expect(found.connections).toMatchObject([
      { connectionId: old, endpointId: OFFICE, state: 'terminate', leadPolicy: 'daily' },
      { connectionId: device, endpointId: BRANCH, username: null, state: 'next', decision: 'keep' },
    ])
    expect(found.summary).toMatchObject({ endpoints: 2, unread: 0, active: 2, terminate: 1, next: 1 })
    const { stdout } = await two.run('--user', 'carol')
    expect(stdout).toMatch(/^1 of 2: Carol on office/)
    expect(stdout).toContain(device)
    expect(stdout).toMatch(/2 endpoints read: 2 connections, 1 would end now, .*\n$/)
  })

  it('with --common-name finds the connections with this certificate, of one user or of all', async () => {
    await using two = await startTwo()
    const [alice, bob] = ['alice', 'bob'].map((username) => two.connect(BRANCH, { username, commonName: 'Pool' }))
    expect(idsOf(await two.json('--common-name', 'pool'))).toEqual([alice, bob])
    expect(idsOf(await two.json('--common-name', 'pool', '--user', 'bob'))).toEqual([bob])
    expect((await two.run('--common-name', 'other')).code).toBe(1)
  })

  it('says that a user is not connected, names the users that may be meant, and points at --imagine', async () => {
    await using two = await startTwo()
    for (const username of ['CORP\\carol', 'Karol', 'zoe']) two.connect(OFFICE, { username })
    const { code, stdout, stderr } = await two.run('--user', 'carol')
    expect(code).toBe(1)
    expect(stdout).toBe('2 endpoints read: 0 connections\n')
    expect(stderr).toContain('"CORP\\carol", "Karol"')
    expect(stderr).not.toContain('zoe')
    expect(stderr).toContain('--imagine')
    expect(await two.json('--user', 'carol')).toMatchObject({ code: 1, connections: [] })
  })

  it('fails if an endpoint could not be read, whether the user is on another one or not', async () => {
    await using two = await startTwo(true)
    const id = two.connect(OFFICE, { username: 'carol' })
    const found = await two.json('--user', 'carol')
    expect(found).toMatchObject({ code: 1, summary: { endpoints: 2, unread: 1, active: 1 } })
    expect(idsOf(found)).toEqual([id])
    expect(found.endpoints).toMatchObject([
      { endpointId: OFFICE, complete: true, error: null },
      { endpointId: BRANCH, complete: false, error: expect.stringContaining('503') as unknown },
    ])
    const { stdout, stderr } = await two.run('--user', 'nobody')
    expect(stdout).toContain('1 endpoint read, 1 COULD NOT BE READ')
    expect(stderr).toContain('no watched endpoint that could be read')
  })

  it('with --connection takes any part of an id that no other id has, on any endpoint', async () => {
    await using two = await startTwo()
    const ids = [two.connect(OFFICE, { username: 'carol' }), two.connect(BRANCH, { commonName: 'laptop' })] as const
    for (const id of ids) {
      for (const part of [id, id.slice(0, -2), id.slice(-8), id.slice(20, 30)]) {
        expect(idsOf(await two.json('--connection', part))).toEqual([id])
      }
    }
    const { code, stdout, stderr } = await two.run('--connection', 'cvpn-connection-')
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' })
    expect(stderr).toContain('2 connection ids')
    for (const word of [...ids, 'carol', 'laptop', OFFICE, BRANCH]) expect(stderr).toContain(word)
  })

  it('with --connection shows a connection that has ended without verdicts', async () => {
    await using two = await startTwo()
    const id = two.connect(OFFICE, { username: 'carol', ageMs: 9 * HOUR })
    two.leave(id)
    const { code, stdout } = await two.run('--connection', id)
    expect(code).toBe(0)
    expect(stdout).toContain(`${id}, terminated`)
    expect(stdout).toContain('AWS is ending it or has ended it')
    expect(stdout).toContain(`Why it ended: curfew audit show --connection ${id}\n`)
    expect(stdout).not.toContain('Message for the user')
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
    ['unproven', 'now', 'AWS has not confirmed yet that it is gone.'],
  ] as const)('is shown with what comes next: %s', async (state, deadline, note) => {
    await using office = await startOffice()
    const connectionId = office.world.connect({ endpointId: OFFICE, username: 'carol', ageMs: 9 * HOUR })
    await using here = await workspace(files)
    const now = Date.now()
    const answered = terminationOf(connectionId, 'carol', 'daily', now - 1000)
    const again = { heard: 'read', absences: 0, tryAgainAt: now + 4 * MINUTE } as const
    const termination: KeptTermination =
      state === 'unproven' ? { ...answered, state, absences: 0 } : { ...answered, ...again, state }
    await changeKept(here, { region: 'eu-central-1', endpointId: OFFICE }, (kept) => ({
      ...kept,
      terminations: [termination],
    }))
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
      'Entries that only resemble connected users (1), did you mean them?\n  "mallory" in users of leavers: CORP\\mallory and 2 more\n',
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
