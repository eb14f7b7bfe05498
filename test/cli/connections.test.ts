import { describe, expect, it } from 'vitest'
import { HOUR } from '../../src/domain/time/instant.ts'
import { startCompany } from './company.ts'
import { clockAt, workspace } from './curfew.ts'
import { AGE_POLICY, curfewYaml, OFFICE, startOffice } from './office.ts'

interface Output {
  readonly endpoints: ReadonlyArray<{
    readonly name: string
    readonly complete: boolean
    readonly connections: ReadonlyArray<{ readonly username: string | null; readonly policy: string | null }> | null
  }>
  readonly summary: { readonly active: number; readonly endpoints: number }
}

const LIST = ['connections', '-c', 'curfew.yaml']

/** The users that are shown on each endpoint. */
const usersOf = ({ endpoints }: Output) =>
  endpoints.map(({ name, connections }) => [name, connections?.map(({ username }) => username)])

describe('the filters of curfew connections', () => {
  it('take users, endpoints and policies as policies do, and count only what they show', async () => {
    await using company = await startCompany()
    const show = async (...args: readonly string[]) => {
      const { code, stdout, stderr } = await company.here.run([...LIST, '--output', 'json', ...args], company.env)
      expect([code, stderr]).toEqual([0, ''])
      return JSON.parse(stdout) as Output
    }
    const alice = await show('--user', 'ALICE@corp.example')
    expect(usersOf(alice)).toEqual([
      ['office', ['alice@corp.example']],
      ['machines', []],
      ['partners', ['Alice@corp.example']],
    ])
    expect(alice.summary).toMatchObject({ endpoints: 3, active: 2 })
    expect(usersOf(await show('--user', 'mal*', '--user', 'cn:build-*', '--endpoint', 'Partners'))).toEqual([
      ['partners', ['mallory']],
    ])
    expect(usersOf(await show('--user', 'cn:build-*'))[1]).toEqual(['machines', [null]])
    const office = await show('--endpoint', OFFICE, '--policy', 'two-at-a-time')
    expect(usersOf(office)).toEqual([['office', ['dave@corp.example']]])
    expect(office.endpoints[0]?.connections?.map(({ policy }) => policy)).toEqual(['two-at-a-time'])
    expect(office.summary).toMatchObject({ endpoints: 1, active: 1 })

    const table = await company.here.run([...LIST, '--user', 'mallory'], company.env)
    expect(table.stdout).toContain('0 of 9 active connections')
    expect(table.stdout).toContain('1 of 3 active connections')
    expect(table.stdout.trimEnd().split('\n').at(-1)).toMatch(/^3 endpoints read: 1 connection, 1 would end now/)
  })

  it('refuse names that nothing has, and say that they match nobody', async () => {
    await using company = await startCompany()
    const list = (...args: readonly string[]) => company.here.run([...LIST, ...args], company.env)
    for (const [args, message] of [
      [['--policy', 'leaver'], '--policy: no policy has the name "leaver"; did you mean "leavers"?'],
      [
        ['--endpoint', 'partner'],
        '--endpoint: no watched endpoint has the name or id "partner"; did you mean "partners"?',
      ],
      [['--endpoint', 'x*'], '--endpoint: no watched endpoint has the name or id "x*"; watched: office, '],
      [['--endpoint', 'tag:env=prod'], '--endpoint: expected an id or a name, found the tag "tag:env=prod"'],
      [['--user', 'group:eng'], '--user: expected names or patterns, found the group "group:eng": give those of'],
      [['--user', ''], '--user needs a value, found an empty one: PATTERN'],
    ] as const) {
      const { code, stdout, stderr } = await list(...args)
      expect([code, stdout]).toEqual([64, ''])
      expect(stderr).toContain(`curfew connections: ${message}`)
    }
    const nobody = await list('--user', 'bob')
    expect(nobody.code).toBe(0)
    expect(nobody.stderr).toBe(
      'curfew: no active connection of "bob"\ncurfew: connected users with a name like it: "bob@corp.example"\n',
    )
  })

  it('do not hide an endpoint that cannot be read, unless another one is asked for', async () => {
    await using company = await startCompany({ isBlind: true })
    const list = (...args: readonly string[]) => company.here.run([...LIST, ...args], company.env)
    const blind = await list('--user', 'mallory')
    expect(blind.code).toBe(1)
    expect(blind.stdout).toContain('BLIND')
    expect(blind.stderr).toContain('no active connection of "mallory" on the endpoints that could be read')
    expect((await list('--endpoint', 'office')).code).toBe(0)
    expect((await list('--endpoint', 'partners')).code).toBe(1)
  })
})

describe('curfew connections --watch', () => {
  const startWatch = async (...args: readonly string[]) => {
    let isBlind = false
    const office = await startOffice(
      {},
      { intercept: ({ action }) => (isBlind && action.startsWith('Describe') ? { status: 503, body: '' } : undefined) },
    )
    const here = await workspace({
      'curfew.yaml': curfewYaml('poll: { minGap: 1s }'),
      'policies.yaml': AGE_POLICY,
    })
    office.world.connect({ endpointId: OFFICE, username: 'alice', ageMs: HOUR })
    return {
      here,
      env: office.env,
      connect: (username: string) => office.world.connect({ endpointId: OFFICE, username, ageMs: HOUR }),
      blind: () => {
        isBlind = true
      },
      running: here.start([...LIST, '--watch', ...args], office.env),
      async [Symbol.asyncDispose]() {
        await here[Symbol.asyncDispose]()
        await office[Symbol.asyncDispose]()
      },
    }
  }

  it('shows each reading under its time, also one that could not be made, and ends with 0 at Ctrl-C', async () => {
    await using watch = await startWatch('--interval', '1s')
    await using running = watch.running
    await running.until((text) => (text.includes('1 active connection\n') ? true : undefined))
    watch.connect('bob')
    await running.until((text) => (text.includes('2 active connections\n') ? true : undefined))
    watch.blind()
    await running.until((text) => (text.includes('BLIND') ? true : undefined))
    expect(running.stdout).toMatch(/^--- \d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ ---\n1 endpoint read: /)
    running.child.kill('SIGINT')
    expect(await running.exited).toBe(0)
    expect(running.stderr).toBe('')
  })

  it('prints an object in each line for a program', async () => {
    await using watch = await startWatch('--interval', '1s', '--output', 'json', '--user', 'bob')
    await using running = watch.running
    await running.until((text) => (text.includes('"active":0') ? true : undefined))
    watch.connect('bob')
    await running.until((text) => (text.includes('"active":1') ? true : undefined))
    running.child.kill('SIGTERM')
    expect(await running.exited).toBe(0)
    const lines = running.stdout.trimEnd().split('\n')
    expect(lines.length).toBeGreaterThan(1)
    for (const line of lines) expect(JSON.parse(line)).toHaveProperty('summary')
  })

  it('is not faster than the daemon may read', async () => {
    await using office = await startOffice()
    await using here = await workspace({ 'curfew.yaml': curfewYaml(), 'policies.yaml': AGE_POLICY })
    const list = (...args: readonly string[]) => here.run([...LIST, ...args], { ...office.env, ...clockAt(Date.now()) })
    const fast = await list('--watch', '--interval', '1s')
    expect(fast.code).toBe(64)
    expect(fast.stderr).toContain('--interval: expected at least 5s, which is poll.minGap, found "1s"')
    expect((await list('--interval', '1m')).stderr).toContain('--interval is valid only with --watch')
    expect(office.requests).toEqual([])
  })
})
