import { describe, expect, it } from 'vitest'
import { HOUR, MINUTE } from '../../src/domain/time/instant.ts'
import { workspace } from './curfew.ts'
import { AGE_POLICY, curfewYaml, OFFICE, startOffice, terminateCalls } from './office.ts'

const files = {
  'curfew.yaml': curfewYaml('mode: enforce'),
  'policies.yaml': `
version: 1
policies:
  - { name: daily, kind: max-session-age, maxAge: 8h }
  - { name: trial, kind: max-session-age, maxAge: 6h, mode: audit }
`,
}

const startBusyOffice = async () => {
  const office = await startOffice()
  const connect = (username: string, ageMs: number) => office.world.connect({ endpointId: OFFICE, username, ageMs })
  return {
    office,
    old: connect('bob', 9 * HOUR),
    middle: connect('carol', 7 * HOUR),
    young: connect('dave', 6 * HOUR - 30 * MINUTE),
  }
}

interface Shown {
  readonly endpoints: ReadonlyArray<Record<string, unknown>>
}

describe('curfew plan', () => {
  it('shows which connections would end now, why, and which are next, and changes nothing', async () => {
    const { office, old, middle, young } = await startBusyOffice()
    await using _office = office
    await using here = await workspace(files)
    const { code, stdout } = await here.run(['plan', '-c', 'curfew.yaml', '--output', 'json'], office.env)
    expect(code).toBe(0)
    const [endpoint] = (JSON.parse(stdout) as Shown).endpoints
    expect(endpoint).toMatchObject({
      endpointId: OFFICE,
      name: 'office',
      region: 'eu-central-1',
      complete: true,
      error: null,
      active: 3,
      calls: 1,
      etaSeconds: 0,
      held: [],
      terminate: [{ connectionId: old, username: 'bob', policy: 'daily', reason: 'session-age', alsoBy: ['trial'] }],
      audit: [{ connectionId: middle, username: 'carol', policy: 'trial' }],
      next: [
        { connectionId: middle, username: 'carol', policy: 'daily', acts: true },
        { connectionId: young, username: 'dave', policy: 'daily', acts: true },
      ],
      nextTotal: 2,
    })
    expect(terminateCalls(office)).toEqual([])
  })

  it('selects listed endpoints by the tags and the name that AWS lists, and ends nobody where it may not', async () => {
    const tagged = { id: OFFICE, name: 'Berlin', tags: { env: 'prod' }, region: 'eu-central-1' }
    const scenario = { endpoints: [{ ...tagged, authentication: 'federated' as const }] }
    const files = {
      'curfew.yaml': curfewYaml('mode: enforce').replace(`{ id: ${OFFICE}, name: office }`, OFFICE),
      'policies.yaml': `
version: 1
policies:
  - { name: tagged, kind: max-session-age, maxAge: 8h, match: { endpoints: ["tag:env=pr*"] } }
  - { name: named, kind: max-session-age, maxAge: 8h, match: { endpoints: [berlin] } }
  - { name: elsewhere, kind: max-session-age, maxAge: 8h, match: { endpoints: ["tag:env=dev"] } }
`,
    }
    const planned = async (different: Parameters<typeof startOffice>[0]) => {
      await using office = await startOffice({ ...scenario, ...different })
      office.world.connect({ endpointId: OFFICE, username: 'bob', ageMs: 9 * HOUR })
      await using here = await workspace(files)
      const { code, stdout, stderr } = await here.run(['plan', '-c', 'curfew.yaml', '--output', 'json'], office.env)
      const [endpoint] = (JSON.parse(stdout) as Shown).endpoints
      return { code, stderr, endpoint }
    }
    const { code, endpoint } = await planned({})
    expect(code).toBe(0)
    expect(endpoint).toMatchObject({ name: 'Berlin', terminate: [{ policy: 'named', alsoBy: ['tagged'] }] })
    const denied = await planned({ deny: ['ec2:DescribeClientVpnEndpoints'] })
    expect(denied).toMatchObject({ code: 0, endpoint: { name: OFFICE, active: 1, terminate: [], next: [] } })
    expect(denied.stderr).toContain('the tags cannot be read')
  })

  it.each([3 * MINUTE, -3 * MINUTE])('judges by AWS’s time on a host that is %i ms behind', async (behindMs) => {
    await using office = await startOffice({}, { now: () => Date.now() + behindMs })
    const overdue = office.world.connect({ endpointId: OFFICE, username: 'bob', ageMs: 8 * HOUR + MINUTE })
    const early = office.world.connect({ endpointId: OFFICE, username: 'carol', ageMs: 8 * HOUR - MINUTE })
    await using here = await workspace({ ...files, 'policies.yaml': AGE_POLICY })
    const { stdout } = await here.run(['plan', '-c', 'curfew.yaml', '--output', 'json'], office.env)
    const [endpoint] = (JSON.parse(stdout) as Shown).endpoints
    expect(endpoint).toMatchObject({
      terminate: [{ connectionId: overdue }],
      next: [{ connectionId: early, policy: 'daily' }],
    })
    const listed = await here.run(['connections', '-c', 'curfew.yaml'], office.env)
    expect(listed.stdout).toMatch(new RegExp(`now +daily +${overdue}`))
    const explained = await here.run(['explain', '-c', 'curfew.yaml', '--connection', early], office.env)
    expect(explained.stdout).toContain('daily (max-session-age, enforce): fine')
  })

  it('says that nothing can be decided if the clocks are more than five minutes apart', async () => {
    await using office = await startOffice({}, { now: () => Date.now() + HOUR })
    office.world.connect({ endpointId: OFFICE, username: 'bob', ageMs: 9 * HOUR })
    await using here = await workspace(files)
    const { code, stdout } = await here.run(['plan', '-c', 'curfew.yaml', '--output', 'json'], office.env)
    const [endpoint] = (JSON.parse(stdout) as Shown).endpoints
    expect([code, endpoint?.terminate]).toEqual([1, null])
    expect(endpoint?.error).toContain('clock')
  })

  it('in audit mode plans no termination, and with --mode enforce plans as if enforcing', async () => {
    const { office } = await startBusyOffice()
    await using _office = office
    await using here = await workspace({ ...files, 'curfew.yaml': curfewYaml() })
    const plan = async (...args: string[]) => {
      const { stdout } = await here.run(['plan', '-c', 'curfew.yaml', '--output', 'json', ...args], office.env)
      return (JSON.parse(stdout) as Shown).endpoints[0]
    }
    expect(await plan()).toMatchObject({ terminate: [], calls: 0 })
    expect(await plan('--mode', 'enforce')).toMatchObject({ terminate: [{ username: 'bob' }], calls: 1 })
  })

  it('with --detailed-exitcode exits with 2 if a connection would end', async () => {
    const { office } = await startBusyOffice()
    await using _office = office
    await using here = await workspace(files)
    const detailed = ['plan', '-c', 'curfew.yaml', '--detailed-exitcode']
    expect((await here.run(detailed, office.env)).code).toBe(2)
    expect((await here.run([...detailed, '--mode', 'audit'], office.env)).code).toBe(0)
  })

  it('with --count-audit also exits with 2 if a connection would end but for the mode of the daemon or a policy', async () => {
    const { office } = await startBusyOffice()
    await using _office = office
    await using here = await workspace(files)
    const counting = ['plan', '-c', 'curfew.yaml', '--detailed-exitcode', '--count-audit']
    const codeOf = async (...args: readonly string[]) => (await here.run([...counting, ...args], office.env)).code
    expect(await codeOf('--mode', 'audit')).toBe(2)
    await here.write('policies.yaml', AGE_POLICY.replace('guard: off', 'guard: off, mode: audit'))
    expect(await codeOf('--mode', 'enforce')).toBe(2)
    expect((await here.run([...counting.slice(0, -1), '--mode', 'enforce'], office.env)).code).toBe(0)
    await here.write('policies.yaml', AGE_POLICY.replace('8h', '300d'))
    expect(await codeOf()).toBe(0)
    const alone = await here.run(['plan', '-c', 'curfew.yaml', '--count-audit'], office.env)
    expect([alone.code, alone.stderr]).toEqual([64, expect.stringContaining('valid only with --detailed-exitcode')])
  })

  it('as a table shows the user, the policy and the reason, in the columns of the terminal', async () => {
    const { office, old } = await startBusyOffice()
    await using _office = office
    await using here = await workspace(files)
    const { stdout } = await here.run(['plan', '-c', 'curfew.yaml'], { ...office.env, COLUMNS: '60' })
    for (const word of ['bob', 'daily', old, '8h']) expect(stdout).toContain(word)
    expect(stdout.split('\n').every((line) => line.length <= 60)).toBe(true)
  })

  it('reports an endpoint that cannot be read as unknown, never as empty', async () => {
    await using office = await startOffice({}, { intercept: () => ({ status: 503, body: '<html>no</html>' }) })
    await using here = await workspace(files)
    const { code, stdout } = await here.run(['plan', '-c', 'curfew.yaml', '--output', 'json'], office.env)
    expect(code).toBe(1)
    const [endpoint] = (JSON.parse(stdout) as Shown).endpoints
    expect(endpoint).toMatchObject({
      complete: false,
      active: null,
      terminate: null,
      audit: null,
      held: null,
      next: null,
      calls: null,
    })
    expect(endpoint?.error).toEqual(expect.any(String))
    expect((await here.run(['plan', '-c', 'curfew.yaml'], office.env)).stdout).toContain('BLIND')
    await here.write(
      'policies.yaml',
      'version: 1\npolicies: [{ name: two-at-a-time, kind: max-sessions, limit: 2, across: all }]\n',
    )
    expect((await here.run(['plan', '-c', 'curfew.yaml'], office.env)).stdout).toContain(
      'The policy "two-at-a-time" counts over all endpoints: it ends nobody while one of them cannot be read.',
    )
  })

  it('shows an endpoint once that one entry lists and another discovers, as the list of connections does', async () => {
    await using office = await startOffice()
    office.world.connect({ endpointId: OFFICE, username: 'bob' })
    const twice = files['curfew.yaml'].replace(
      /^watch: \[(.*)\]$/m,
      'watch: [$1, { region: eu-central-1, discover: all }]',
    )
    await using here = await workspace({ ...files, 'curfew.yaml': twice })
    const planned = await here.run(['plan', '-c', 'curfew.yaml', '--output', 'json'], office.env)
    expect((JSON.parse(planned.stdout) as Shown).endpoints).toMatchObject([{ endpointId: OFFICE, active: 1 }])
    const listed = await here.run(['connections', '-c', 'curfew.yaml'], office.env)
    expect(listed.stdout.match(/bob/g)).toHaveLength(1)
    expect(listed.stderr).toContain(OFFICE)
  })

  it('lists the entries of "endpoints" that match none of the endpoints that it discovered', async () => {
    const endpoint = { id: OFFICE, name: 'office berlin', tags: { env: 'prod' }, region: 'eu-central-1' }
    const scenario = { endpoints: [{ ...endpoint, authentication: 'federated' as const }] }
    const strange = 'cvpn-endpoint-fffffffffffffffff'
    const discovering = files['curfew.yaml'].replace(/endpoints: .*/, 'discover: all }]')
    await using here = await workspace({
      'curfew.yaml': discovering,
      'policies.yaml': `
version: 1
policies:
  - { name: daily, kind: max-session-age, maxAge: 8h, match: { endpoints: ["tag:env=Prod", "offise berlin", ${strange}] } }
  - { name: weekly, kind: max-session-age, maxAge: 7d, exempt: { endpoints: ["tag:env=prod", "tag:team=network"] } }
`,
    })
    const planned = async (...args: readonly string[]) => {
      await using office = await startOffice(scenario)
      return await here.run(['plan', '-c', 'curfew.yaml', ...args], office.env)
    }
    const { stdout } = await planned('--output', 'json')
    expect((JSON.parse(stdout) as { unmatched: unknown }).unmatched).toEqual([
      { policy: 'daily', selector: 'match', entry: 'tag:env=Prod', nearest: 'tag:env=prod' },
      { policy: 'daily', selector: 'match', entry: 'offise berlin', nearest: 'office berlin' },
      { policy: 'daily', selector: 'match', entry: strange, nearest: null },
      { policy: 'weekly', selector: 'exempt', entry: 'tag:team=network', nearest: null },
    ])
    expect((await planned()).stdout).toContain('"offise berlin" in match of daily, did you mean "office berlin"?')
  })

  it('says of no entry that it matches nothing where the endpoints cannot be listed or an edit watches others', async () => {
    const policies = `
version: 1
policies: [{ name: daily, kind: max-session-age, maxAge: 8h, match: { endpoints: ["tag:env=prod"] } }]
`
    const discovering = files['curfew.yaml'].replace(/endpoints: .*/, 'discover: all }]')
    await using here = await workspace({
      'curfew.yaml': discovering,
      'policies.yaml': policies,
      'other.yaml': discovering.replace('discover: all', 'discover: { tags: { env: prod } }'),
    })
    const unmatched = async (different: Parameters<typeof startOffice>[0], ...args: readonly string[]) => {
      await using office = await startOffice(different)
      const { stdout } = await here.run(['plan', '-c', 'curfew.yaml', '--output', 'json', ...args], office.env)
      return (JSON.parse(stdout) as { unmatched: unknown }).unmatched
    }
    expect(await unmatched({})).toMatchObject([{ entry: 'tag:env=prod' }])
    expect(await unmatched({ deny: ['ec2:DescribeClientVpnEndpoints'] })).toBeNull()
    expect(await unmatched({}, '--against', 'other.yaml')).toBeNull()
  })

  it('of many endpoints writes nothing but its own messages to standard error', async () => {
    await using office = await startOffice({}, { intercept: () => ({ status: 503, body: '<html>no</html>' }) })
    const ids = Array.from({ length: 12 }, (_, index) => `cvpn-endpoint-${String(index + 1).padStart(17, '0')}`)
    const many = files['curfew.yaml'].replace(/endpoints: .*/, `endpoints: [${ids.join(', ')}] }]`)
    await using here = await workspace({ ...files, 'curfew.yaml': many })
    const { stderr } = await here.run(['plan', '-c', 'curfew.yaml'], office.env)
    const lines = stderr.split('\n').filter((line) => line !== '')
    expect(lines.length).toBe(ids.length)
    expect(lines.filter((line) => !line.startsWith('curfew: '))).toEqual([])
  })
})
