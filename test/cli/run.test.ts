import { rename, symlink } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { HOUR, MINUTE } from '../../src/domain/time/instant.ts'
import { CREDENTIALS, type Running, workspace } from './curfew.ts'
import { AGE_POLICY, curfewYaml, isTermination, OFFICE, startOffice, terminatedIds } from './office.ts'

const serverUrl = (running: Running) =>
  running.until(() => running.log().find(({ url }) => typeof url === 'string')?.url as string | undefined)

const enforcing = {
  'curfew.yaml': curfewYaml('mode: enforce\npoll: { schedule: "* * * * * *", minGap: 1s }'),
  'policies.yaml': AGE_POLICY,
}

describe.concurrent('curfew run', () => {
  it('terminates a connection at its deadline, reports it in metrics and status, and stops in order', async () => {
    await using office = await startOffice()
    const id = office.world.connect({ endpointId: OFFICE, username: 'bob', ageMs: 8 * HOUR - 2000 })
    office.world.connect({ endpointId: OFFICE, username: 'carol' })
    await using here = await workspace(enforcing)
    await using running = here.start(['run', '-c', 'curfew.yaml'], office.env)
    const url = await serverUrl(running)
    await running.untilLogged('termination', ({ connectionId }) => connectionId === id)
    await running.untilLogged('decided', ({ active }) => active === 1)

    const metrics = await (await fetch(`${url}/metrics`)).text()
    const policy = 'policy="daily"'
    expect(metrics).toContain(
      `curfew_terminations_total{vpn_endpoint="${OFFICE}",${policy},reason="session-age",outcome="confirmed"} 1`,
    )
    expect(metrics).toContain(`curfew_connections{vpn_endpoint="${OFFICE}"} 1`)
    expect(metrics).toContain('curfew_enforcing 1')
    expect(metrics).not.toContain('bob')
    const status = (await (await fetch(`${url}/status`)).json()) as { endpoints: unknown[] }
    expect(status).toMatchObject({
      mode: 'enforce',
      endpoints: [{ endpointId: OFFICE, view: 'fresh', because: null, active: 1, terminate: 0, openTerminations: 0 }],
    })
    for (const path of ['/healthz', '/readyz']) expect((await fetch(url + path)).status).toBe(200)
    expect((await fetch(`${url}/nothing`)).status).toBe(404)

    running.child.kill('SIGTERM')
    expect(await running.exited).toBe(0)
    expect(running.stderr).toBe('')
    expect(terminatedIds(office)).toEqual([id])
  })

  it('tells the status by AWS’s time on a host whose clock is behind', async () => {
    const behindMs = 3 * MINUTE
    await using office = await startOffice({}, { now: () => Date.now() + behindMs })
    await using here = await workspace(enforcing)
    await using running = here.start(['run', '-c', 'curfew.yaml'], office.env)
    const url = await serverUrl(running)
    await running.untilLogged('decided')
    const before = Date.now()
    const { now } = (await (await fetch(`${url}/status`)).json()) as { now: string }
    // The `Date` of an answer has whole seconds.
    expect(Date.parse(now)).toBeGreaterThan(before + behindMs - 2000)
  })

  it('writes a readable log with LOG_FORMAT=pretty, and refuses an unknown format', async () => {
    await using office = await startOffice()
    await using here = await workspace(enforcing)
    await using running = here.start(['run', '-c', 'curfew.yaml'], { ...office.env, LOG_FORMAT: 'pretty' })
    await running.until((text) => /Z  info   watching: 1 policy/.exec(text) ?? undefined)
    running.child.kill('SIGTERM')
    expect(await running.exited).toBe(0)
    const refused = await here.run(['run', '-c', 'curfew.yaml'], { ...office.env, LOG_FORMAT: 'xml' })
    expect(refused).toMatchObject({
      code: 1,
      stdout: '',
      stderr: 'curfew: LOG_FORMAT is "xml", expected json or pretty\n',
    })
  })

  it('on SIGTERM lets the calls in flight finish, and sends no others', async () => {
    let release = () => {}
    const held = new Promise<undefined>((resolve) => {
      release = () => resolve(undefined)
    })
    let arrived = () => {}
    const inFlight = new Promise<void>((resolve) => {
      arrived = resolve
    })
    let calls = 0
    await using office = await startOffice(
      {},
      {
        intercept: async (request) => {
          if (!isTermination(request)) return undefined
          if (++calls === 8) arrived()
          return held
        },
      },
    )
    for (let index = 0; index < 40; index++)
      office.world.connect({ endpointId: OFFICE, username: `person-${index}`, ageMs: 9 * HOUR })
    await using here = await workspace(enforcing)
    await using running = here.start(['run', '-c', 'curfew.yaml'], office.env)
    await inFlight
    running.child.kill('SIGTERM')
    await running.untilLogged('stopping')
    release()
    expect(await running.exited).toBe(0)
    expect(terminatedIds(office)).toHaveLength(8)
    const accepted = running.log().filter(({ event, outcome }) => event === 'call-answered' && outcome === 'accepted')
    expect(accepted).toHaveLength(8)
  })

  it('exits on SIGTERM even if no call is ever answered', async () => {
    let arrived = () => {}
    const inFlight = new Promise<void>((resolve) => {
      arrived = resolve
    })
    await using office = await startOffice(
      {},
      {
        intercept: (request) => {
          if (!isTermination(request)) return undefined
          arrived()
          return 'hang'
        },
      },
    )
    office.world.connect({ endpointId: OFFICE, username: 'bob', ageMs: 9 * HOUR })
    await using here = await workspace({
      ...enforcing,
      // Longer than the test: the daemon must not wait for the answer.
      'curfew.yaml': curfewYaml('mode: enforce\npoll: { schedule: "* * * * * *", minGap: 1s, requestTimeout: 10m }'),
    })
    await using running = here.start(['run', '-c', 'curfew.yaml'], office.env)
    await inFlight
    running.child.kill('SIGTERM')
    expect(await running.exited).toBe(0)
  })

  it('opens no debugger on SIGUSR1', async () => {
    await using office = await startOffice()
    await using here = await workspace(enforcing)
    await using running = here.start(['run', '-c', 'curfew.yaml'], office.env)
    await running.untilLogged('decided')
    running.child.kill('SIGUSR1')
    const [before] = running
      .log()
      .filter(({ event }) => event === 'decided')
      .slice(-1)
    await running.untilLogged('decided', ({ time }) => String(time) > String(before?.time))
    running.child.kill('SIGTERM')
    expect(await running.exited).toBe(0)
    expect(running.stderr).toBe('')
  })

  it('exits at once on a second signal', async () => {
    await using office = await startOffice(
      {},
      { intercept: (request) => (isTermination(request) ? 'hang' : undefined) },
    )
    office.world.connect({ endpointId: OFFICE, username: 'bob', ageMs: 9 * HOUR })
    await using here = await workspace(enforcing)
    await using running = here.start(['run', '-c', 'curfew.yaml'], office.env)
    await running.untilLogged('decided')
    running.child.kill('SIGTERM')
    await running.untilLogged('stopping')
    running.child.kill('SIGTERM')
    expect(await running.exited).toBe(1)
  })

  it('applies a changed policy at once, and keeps the last good one if the new one is broken', async () => {
    await using office = await startOffice()
    const id = office.world.connect({ endpointId: OFFICE, username: 'bob', ageMs: 5 * HOUR })
    await using here = await workspace(enforcing)
    await using running = here.start(['run', '-c', 'curfew.yaml'], office.env)
    const url = await serverUrl(running)
    await running.untilLogged('decided')

    await here.write('policies.yaml', AGE_POLICY.replace('maxAge', 'maxAg'))
    const refused = await running.untilLogged('reload-refused')
    expect(JSON.stringify(refused.problems)).toContain('policies.yaml:4:')
    expect(await (await fetch(`${url}/metrics`)).text()).toContain('curfew_config_last_reload_successful 0')
    expect(terminatedIds(office)).toEqual([])

    await here.write('policies.yaml', AGE_POLICY.replace('8h', '4h'))
    await running.untilLogged('termination', ({ connectionId }) => connectionId === id)
    expect(await (await fetch(`${url}/metrics`)).text()).toContain('curfew_config_last_reload_successful 1')
  })

  it('reloads on SIGHUP', async () => {
    await using office = await startOffice()
    await using here = await workspace(enforcing)
    await using running = here.start(['run', '-c', 'curfew.yaml'], office.env)
    await running.untilLogged('decided')
    running.child.kill('SIGHUP')
    await running.untilLogged('reloaded')
  })

  it('reloads when a linked folder is swapped, as Kubernetes updates a mounted ConfigMap', async () => {
    await using office = await startOffice()
    const id = office.world.connect({ endpointId: OFFICE, username: 'bob', ageMs: 5 * HOUR })
    await using here = await workspace({
      'curfew.yaml': enforcing['curfew.yaml'].replace('./policies.yaml', './policies'),
      'policies/..one/age.yaml': AGE_POLICY,
      'policies/..two/age.yaml': AGE_POLICY.replace('8h', '4h'),
    })
    const inFolder = (name: string) => join(here.folder, 'policies', name)
    await symlink('..one', inFolder('..data'))
    await symlink('..data/age.yaml', inFolder('age.yaml'))
    await using running = here.start(['run', '-c', 'curfew.yaml'], office.env)
    await running.untilLogged('decided')
    await symlink('..two', inFolder('..data_tmp'))
    await rename(inFolder('..data_tmp'), inFolder('..data'))
    await running.untilLogged('termination', ({ connectionId }) => connectionId === id)
  })
})

describe('many concurrent calls', () => {
  it('cause no warning of a leak on the standard error', async () => {
    const regions = ['eu-central-1', 'us-east-1']
    const endpoints = regions.map((region, index) => ({
      id: `cvpn-endpoint-0123456789abcde0${index}`,
      name: region,
      region,
      authentication: 'federated' as const,
      clients: [{ count: 10, name: 'person-{n}', ages: { from: '9h', to: '10h' } }],
    }))
    const inFlight = new Set<string>()
    await using office = await startOffice(
      { endpoints },
      {
        intercept: (request) => {
          if (!isTermination(request)) return undefined
          inFlight.add(request.params.ConnectionId ?? '')
          return 'hang'
        },
      },
    )
    await using here = await workspace({
      ...enforcing,
      'curfew.yaml': `
version: 1
mode: enforce
policies: [./policies.yaml]
watch:
${endpoints.map(({ id, region }) => `  - { region: ${region}, endpoints: [${id}] }`).join('\n')}
poll: { requestTimeout: 2s }
server: { port: 0 }
log: { level: debug }
`,
    })
    await using running = here.start(['run', '-c', 'curfew.yaml'], office.env)
    await running.untilLogged('call-answered', () => inFlight.size === 16)
    running.child.kill('SIGTERM')
    expect(await running.exited).toBe(0)
    expect(running.stderr).toBe('')
  })
})

describe('curfew simulate', () => {
  it('serves until SIGTERM', async () => {
    await using here = await workspace({})
    await using running = here.start(['simulate', '--port', '0', '--seed', '3'], CREDENTIALS)
    const url = await running.until((text) => /listening on (\S+)/.exec(text)?.[1])
    const answer = await fetch(url, {
      method: 'POST',
      headers: {
        'content-type': 'application/x-www-form-urlencoded',
        authorization: `AWS4-HMAC-SHA256 Credential=test/20261122/eu-central-1/ec2/aws4_request, SignedHeaders=host, Signature=${'0'.repeat(64)}`,
      },
      body: 'Action=DescribeClientVpnEndpoints&Version=2016-11-15',
    })
    expect(await answer.text()).toContain('<DescribeClientVpnEndpointsResponse')
    running.child.kill('SIGTERM')
    expect(await running.exited).toBe(0)
  })

  it('injects the faults of a file, and plan reports the endpoint as blind', async () => {
    await using here = await workspace({
      ...enforcing,
      'faults.yaml': 'faults: [{ fault: login-page, actions: [DescribeClientVpnConnections] }]',
    })
    await using running = here.start(['simulate', '--port', '0', '--faults', 'faults.yaml'], CREDENTIALS)
    const url = await running.until((stdout) => /listening on (\S+)/.exec(stdout)?.[1])
    const { code, stderr } = await here.run(['plan', '-c', 'curfew.yaml'], {
      ...CREDENTIALS,
      AWS_ENDPOINT_URL_EC2: url,
      AWS_ENDPOINT_URL_STS: url,
    })
    expect(code).toBe(1)
    expect(stderr).toContain(OFFICE)
  })

  it('refuses to start with a wrong file of faults, and reports the place', async () => {
    await using here = await workspace({ 'faults.yaml': 'faults:\n  - { fault: throtle }\n' })
    const { code, stderr } = await here.run(['simulate', '--port', '0', '--faults', 'faults.yaml'], CREDENTIALS)
    expect(code).toBe(1)
    expect(stderr).toContain('faults.yaml:2:14: error: ')
    expect(stderr).toContain('did you mean')
  })
})
