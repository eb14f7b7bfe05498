import { describe, expect, it, vi } from 'vitest'
import { HOUR, MINUTE } from '../../../src/domain/time/instant.ts'
import {
  ABROAD,
  aliceOn,
  CONTRACTORS,
  codeOf,
  failureOf,
  LOOKER,
  never,
  REGION,
  ROLE,
  STAFF,
  simulateAccounts,
} from './simulated-accounts.ts'

const ec2Error = (code: string) => ({
  status: 400,
  body: `<Response><Errors><Error><Code>${code}</Code><Message>no</Message></Error></Errors></Response>`,
})

describe('a role', () => {
  it('gives access to another account, with its session name', async () => {
    const { connect, requestsOf } = await simulateAccounts()
    const vpn = connect({ assumeRole: ROLE })
    expect((await vpn.snapshot(CONTRACTORS, never)).connections).toHaveLength(3)
    expect(await codeOf(vpn.snapshot(STAFF, never))).toBe('endpoint-not-found')
    expect(await codeOf(connect().snapshot(CONTRACTORS, never))).toBe('endpoint-not-found')
    expect(requestsOf('AssumeRole')).toMatchObject([
      { service: 'sts', region: REGION, params: { ExternalId: 'curfew', RoleSessionName: 'curfew' } },
    ])
    const named = connect({ assumeRole: { ...LOOKER, sessionName: 'night-shift' }, region: ABROAD })
    await codeOf(named.snapshot(CONTRACTORS, never))
    expect(requestsOf('AssumeRole')[1]).toMatchObject({ region: ABROAD, params: { RoleSessionName: 'night-shift' } })
    expect(requestsOf('AssumeRole')[1]?.params).not.toHaveProperty('ExternalId')
  })

  it('is assumed once for all concurrent calls of a site', async () => {
    const { connect, requestsOf } = await simulateAccounts()
    const vpn = connect({ assumeRole: ROLE })
    await Promise.all([
      vpn.snapshot(CONTRACTORS, never),
      vpn.endpoints(never),
      vpn.terminate(aliceOn(CONTRACTORS), never),
      vpn.missingPermissions(CONTRACTORS, never),
    ])
    expect(requestsOf('AssumeRole')).toHaveLength(1)
  })

  it.each([
    ['another external id', { ...ROLE, externalId: 'Curfew' }],
    ['no external id', { arn: ROLE.arn }],
    ['a role that does not exist', { arn: `${ROLE.arn}-2`, externalId: 'curfew' }],
  ])('is refused for %s, and the message is one line that names the role', async (_, assumeRole) => {
    const { connect } = await simulateAccounts()
    const failure = await failureOf(connect({ assumeRole }).snapshot(CONTRACTORS, never))
    expect(failure).toMatchObject({ code: 'no-credentials', awsCode: 'AccessDenied' })
    expect(failure.message).toContain(`cannot assume ${assumeRole.arn}: AccessDenied`)
    expect(failure.message).toContain('trust policy')
    expect(failure.message).not.toContain('\n')
  })

  it('is named in the message if STS cannot be reached, or another server answers', async () => {
    const { connect } = await simulateAccounts({ intercept: () => ({ status: 200, body: '<html>log in</html>' }) })
    const failureCode = async () => {
      const { code, message } = await failureOf(connect({ assumeRole: ROLE }).snapshot(CONTRACTORS, never))
      expect(message).toContain(ROLE.arn)
      return code
    }
    expect(await failureCode()).toBe('no-credentials')
    vi.stubEnv('AWS_ENDPOINT_URL_STS', 'http://127.0.0.1:1')
    expect(await failureCode()).toBe('unreachable')
  })

  it('is named in the message if STS does not answer, and the call fails within its time limit', async () => {
    const { connect } = await simulateAccounts({
      intercept: ({ service }) => (service === 'sts' ? 'hang' : undefined),
    })
    const vpn = connect({ assumeRole: ROLE, requestTimeoutMs: 3000 })
    const { code, message } = await failureOf(vpn.snapshot(CONTRACTORS, never))
    expect(code).toBe('timeout')
    expect(message).toContain(ROLE.arn)
  })

  it('is not waited for after the caller has stopped', async () => {
    const { connect, onRequest } = await simulateAccounts({
      intercept: ({ service }) => (service === 'sts' ? 'hang' : undefined),
    })
    const stop = new AbortController()
    onRequest(() => stop.abort())
    // So long that the test ends only if the signal ends the call.
    const vpn = connect({ assumeRole: ROLE, requestTimeoutMs: HOUR })
    expect(await codeOf(vpn.snapshot(CONTRACTORS, stop.signal))).toBe('aborted')
  })
})

describe('expired credentials', () => {
  it('are renewed once for all rejected calls, and calls that read are repeated', async () => {
    const { connect, requestsOf, advance } = await simulateAccounts()
    const vpn = connect({ assumeRole: ROLE })
    await vpn.snapshot(CONTRACTORS, never)
    advance(HOUR)
    const snapshots = await Promise.all(Array.from({ length: 4 }, () => vpn.snapshot(CONTRACTORS, never)))
    expect(snapshots.map(({ connections }) => connections.length)).toEqual([3, 3, 3, 3])
    expect(requestsOf('AssumeRole')).toHaveLength(2)
    expect(requestsOf('DescribeClientVpnConnections').some(({ code }) => code === 'RequestExpired')).toBe(true)
  })

  it('are renewed for a termination, which its caller must repeat', async () => {
    const { connect, requestsOf, advance } = await simulateAccounts()
    const vpn = connect({ assumeRole: ROLE })
    await vpn.snapshot(CONTRACTORS, never)
    advance(HOUR)
    const end = () => codeOf(vpn.terminate(aliceOn(CONTRACTORS), never))
    expect([await end(), await end()]).toEqual(['expired-credentials', 'none'])
    expect(requestsOf('TerminateClientVpnConnections').map(({ code }) => code)).toEqual(['RequestExpired', undefined])
    expect(requestsOf('AssumeRole')).toHaveLength(2)
  })

  it('are renewed at most once a minute if new ones do not help', async () => {
    const { connect, requestsOf, advance } = await simulateAccounts({
      intercept: ({ service }) => (service === 'ec2' ? ec2Error('ExpiredToken') : undefined),
    })
    const vpn = connect({ assumeRole: ROLE })
    const poll = async () => {
      expect(await codeOf(vpn.snapshot(CONTRACTORS, never))).toBe('expired-credentials')
      return requestsOf('AssumeRole').length
    }
    expect(await Promise.all([poll(), poll(), poll()])).toEqual([2, 2, 2])
    for (let count = 0; count < 5; count++) expect(await poll()).toBe(2)
    advance(MINUTE)
    expect(await poll()).toBe(3)
  })

  it('are renewed before they expire, and are used until then if STS fails', async () => {
    let failing = false
    const expires = new Date(Date.now() + 4 * MINUTE).toISOString()
    const keys = `<AccessKeyId>AKIAIOSFODNN7EXAMPLE</AccessKeyId><SecretAccessKey>s</SecretAccessKey><SessionToken>t</SessionToken><Expiration>${expires}</Expiration>`
    const xmlns = 'xmlns="https://sts.amazonaws.com/doc/2011-06-15/"'
    const given = `<AssumeRoleResponse ${xmlns}><AssumeRoleResult><Credentials>${keys}</Credentials></AssumeRoleResult></AssumeRoleResponse>`
    const { connect, requestsOf, advance } = await simulateAccounts({
      intercept: ({ service }) => {
        if (service !== 'sts') return undefined
        return failing ? ec2Error('AccessDenied') : { status: 200, body: given }
      },
    })
    const vpn = connect({ assumeRole: ROLE })
    await vpn.snapshot(STAFF, never)
    await vpn.snapshot(STAFF, never)
    expect(requestsOf('AssumeRole').length).toBeGreaterThan(1)
    failing = true
    expect(await codeOf(vpn.snapshot(STAFF, never))).toBe('none')
    advance(5 * MINUTE)
    expect(await codeOf(vpn.snapshot(STAFF, never))).toBe('no-credentials')
  })
})

describe('missing permissions', () => {
  const DESCRIBE = 'ec2:DescribeClientVpnConnections'
  const TERMINATE = 'ec2:TerminateClientVpnConnections'

  it.each([
    { deny: [], missing: [] },
    { deny: [TERMINATE], missing: [TERMINATE] },
    { deny: [DESCRIBE], missing: [DESCRIBE] },
    { deny: [TERMINATE, DESCRIBE], missing: [DESCRIBE, TERMINATE] },
  ] as const)('are reported by name: $missing', async ({ deny, missing }) => {
    const { connect, world, requestsOf } = await simulateAccounts({ scenario: { deny: [...deny] } })
    expect(await connect().missingPermissions(STAFF, never)).toEqual(missing)
    expect(world.connections(STAFF).every(({ status }) => status === 'active')).toBe(true)
    const dry = [...requestsOf('DescribeClientVpnConnections'), ...requestsOf('TerminateClientVpnConnections')]
    expect(dry.map(({ params }) => params.DryRun)).toEqual(['true', 'true'])
  })

  it('are those of the role, and a role that may only read can read', async () => {
    const { connect } = await simulateAccounts()
    expect(await connect({ assumeRole: ROLE }).missingPermissions(CONTRACTORS, never)).toEqual([])
    const looker = connect({ assumeRole: LOOKER })
    expect(await looker.missingPermissions(CONTRACTORS, never)).toEqual([TERMINATE])
    expect((await looker.snapshot(CONTRACTORS, never)).connections).toHaveLength(3)
    expect(await codeOf(looker.terminate(aliceOn(CONTRACTORS), never))).toBe('denied')
  })

  it('are not reported if a check fails for another reason', async () => {
    const { connect, advance } = await simulateAccounts()
    const wrong = connect({ assumeRole: { ...ROLE, externalId: 'other' } })
    expect(await codeOf(wrong.missingPermissions(CONTRACTORS, never))).toBe('no-credentials')
    const unreachable = connect({ endpointUrl: 'http://127.0.0.1:1' })
    expect(await codeOf(unreachable.missingPermissions(STAFF, never))).toBe('unreachable')
    const role = connect({ assumeRole: ROLE })
    await role.missingPermissions(CONTRACTORS, never)
    advance(HOUR)
    expect(await role.missingPermissions(CONTRACTORS, never)).toEqual([])
  })
})
