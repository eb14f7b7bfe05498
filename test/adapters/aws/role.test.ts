import { describe, expect, it, vi } from 'vitest'
import { HOUR, MINUTE } from '../../../src/domain/time/instant.ts'
import {
  ABROAD,
  anybodyOn,
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
  it('opens another account, under the name of the session', async () => {
    const { connect, asked } = await simulateAccounts()
    const vpn = connect({ assumeRole: ROLE })
    expect((await vpn.snapshot(CONTRACTORS, never)).connections).toHaveLength(3)
    expect(await codeOf(vpn.snapshot(STAFF, never))).toBe('endpoint-not-found')
    expect(await codeOf(connect().snapshot(CONTRACTORS, never))).toBe('endpoint-not-found')
    expect(asked('AssumeRole')).toMatchObject([
      { service: 'sts', region: REGION, params: { ExternalId: 'curfew', RoleSessionName: 'curfew' } },
    ])
    const named = connect({ assumeRole: { ...LOOKER, sessionName: 'night-shift' }, region: ABROAD })
    await codeOf(named.snapshot(CONTRACTORS, never))
    expect(asked('AssumeRole')[1]).toMatchObject({ region: ABROAD, params: { RoleSessionName: 'night-shift' } })
    expect(asked('AssumeRole')[1]?.params).not.toHaveProperty('ExternalId')
  })

  it('is assumed once for all that goes on at a site', async () => {
    const { connect, asked } = await simulateAccounts()
    const vpn = connect({ assumeRole: ROLE })
    await Promise.all([
      vpn.snapshot(CONTRACTORS, never),
      vpn.endpoints(never),
      vpn.terminate(anybodyOn(CONTRACTORS), never),
      vpn.missingPermissions(CONTRACTORS, never),
    ])
    expect(asked('AssumeRole')).toHaveLength(1)
  })

  it.each([
    ['another external id', { ...ROLE, externalId: 'Curfew' }],
    ['no external id', { arn: ROLE.arn }],
    ['a role that is not there', { arn: `${ROLE.arn}-2`, externalId: 'curfew' }],
  ])('is refused with %s, in one line that names it', async (_, assumeRole) => {
    const { connect } = await simulateAccounts()
    const failure = await failureOf(connect({ assumeRole }).snapshot(CONTRACTORS, never))
    expect(failure).toMatchObject({ code: 'no-credentials', awsCode: 'AccessDenied' })
    expect(failure.message).toContain(`cannot assume ${assumeRole.arn}: AccessDenied`)
    expect(failure.message).toContain('trust policy')
    expect(failure.message).not.toContain('\n')
  })

  it('is named when STS cannot be reached, or is no STS', async () => {
    const { connect } = await simulateAccounts({ intercept: () => ({ status: 200, body: '<html>log in</html>' }) })
    const whatFailed = async () => {
      const { code, message } = await failureOf(connect({ assumeRole: ROLE }).snapshot(CONTRACTORS, never))
      expect(message).toContain(ROLE.arn)
      return code
    }
    expect(await whatFailed()).toBe('no-credentials')
    vi.stubEnv('AWS_ENDPOINT_URL_STS', 'http://127.0.0.1:1')
    expect(await whatFailed()).toBe('unreachable')
  })

  it('is named when STS does not answer, within the time that a request may take', async () => {
    const { connect } = await simulateAccounts({
      intercept: ({ service }) => (service === 'sts' ? 'hang' : undefined),
    })
    const vpn = connect({ assumeRole: ROLE, requestTimeoutMs: 500 })
    const { code, message } = await failureOf(vpn.snapshot(CONTRACTORS, never))
    expect(code).toBe('timeout')
    expect(message).toContain(ROLE.arn)
  })

  it('is no longer waited for once the caller has stopped', async () => {
    const { connect, onRequest } = await simulateAccounts({
      intercept: ({ service }) => (service === 'sts' ? 'hang' : undefined),
    })
    const stop = new AbortController()
    onRequest(() => stop.abort())
    // Without that the test would not end.
    const vpn = connect({ assumeRole: ROLE, requestTimeoutMs: HOUR })
    expect(await codeOf(vpn.snapshot(CONTRACTORS, stop.signal))).toBe('aborted')
  })
})

describe('expired credentials', () => {
  it('are renewed once for all who hear of it, and what reads is done again', async () => {
    const { connect, asked, advance } = await simulateAccounts()
    const vpn = connect({ assumeRole: ROLE })
    await vpn.snapshot(CONTRACTORS, never)
    advance(HOUR)
    const snapshots = await Promise.all(Array.from({ length: 4 }, () => vpn.snapshot(CONTRACTORS, never)))
    expect(snapshots.map(({ connections }) => connections.length)).toEqual([3, 3, 3, 3])
    expect(asked('AssumeRole')).toHaveLength(2)
    expect(asked('DescribeClientVpnConnections').some(({ code }) => code === 'RequestExpired')).toBe(true)
  })

  it('are renewed for a termination, which is left to its caller', async () => {
    const { connect, asked, advance } = await simulateAccounts()
    const vpn = connect({ assumeRole: ROLE })
    await vpn.snapshot(CONTRACTORS, never)
    advance(HOUR)
    const end = () => codeOf(vpn.terminate(anybodyOn(CONTRACTORS), never))
    expect([await end(), await end()]).toEqual(['expired-credentials', 'none'])
    expect(asked('TerminateClientVpnConnections').map(({ code }) => code)).toEqual(['RequestExpired', undefined])
    expect(asked('AssumeRole')).toHaveLength(2)
  })

  it('bring no storm upon STS where new ones do not help', async () => {
    const { connect, asked, advance } = await simulateAccounts({
      intercept: ({ service }) => (service === 'ec2' ? ec2Error('ExpiredToken') : undefined),
    })
    const vpn = connect({ assumeRole: ROLE })
    const poll = async () => {
      expect(await codeOf(vpn.snapshot(CONTRACTORS, never))).toBe('expired-credentials')
      return asked('AssumeRole').length
    }
    expect(await Promise.all([poll(), poll(), poll()])).toEqual([2, 2, 2])
    for (let count = 0; count < 5; count++) expect(await poll()).toBe(2)
    advance(MINUTE)
    expect(await poll()).toBe(3)
  })

  it('are asked for before they expire, and serve to their end while STS is away', async () => {
    let away = false
    const expires = new Date(Date.now() + 4 * MINUTE).toISOString()
    const keys = `<AccessKeyId>AKIAIOSFODNN7EXAMPLE</AccessKeyId><SecretAccessKey>s</SecretAccessKey><SessionToken>t</SessionToken><Expiration>${expires}</Expiration>`
    const xmlns = 'xmlns="https://sts.amazonaws.com/doc/2011-06-15/"'
    const given = `<AssumeRoleResponse ${xmlns}><AssumeRoleResult><Credentials>${keys}</Credentials></AssumeRoleResult></AssumeRoleResponse>`
    const { connect, asked, advance } = await simulateAccounts({
      intercept: ({ service }) => {
        if (service !== 'sts') return undefined
        return away ? ec2Error('AccessDenied') : { status: 200, body: given }
      },
    })
    const vpn = connect({ assumeRole: ROLE })
    await vpn.snapshot(STAFF, never)
    await vpn.snapshot(STAFF, never)
    expect(asked('AssumeRole').length).toBeGreaterThan(1)
    away = true
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
  ] as const)('are told by name: $missing', async ({ deny, missing }) => {
    const { connect, world, asked } = await simulateAccounts({ scenario: { deny: [...deny] } })
    expect(await connect().missingPermissions(STAFF, never)).toEqual(missing)
    expect(world.connections(STAFF).every(({ status }) => status === 'active')).toBe(true)
    const dry = [...asked('DescribeClientVpnConnections'), ...asked('TerminateClientVpnConnections')]
    expect(dry.map(({ params }) => params.DryRun)).toEqual(['true', 'true'])
  })

  it('are those of the role, and a role that may only look can look', async () => {
    const { connect } = await simulateAccounts()
    expect(await connect({ assumeRole: ROLE }).missingPermissions(CONTRACTORS, never)).toEqual([])
    const looker = connect({ assumeRole: LOOKER })
    expect(await looker.missingPermissions(CONTRACTORS, never)).toEqual([TERMINATE])
    expect((await looker.snapshot(CONTRACTORS, never)).connections).toHaveLength(3)
    expect(await codeOf(looker.terminate(anybodyOn(CONTRACTORS), never))).toBe('denied')
  })

  it('are not told apart from other failures by guessing', async () => {
    const { connect, advance } = await simulateAccounts()
    const wrong = connect({ assumeRole: { ...ROLE, externalId: 'other' } })
    expect(await codeOf(wrong.missingPermissions(CONTRACTORS, never))).toBe('no-credentials')
    const away = connect({ endpointUrl: 'http://127.0.0.1:1' })
    expect(await codeOf(away.missingPermissions(STAFF, never))).toBe('unreachable')
    const role = connect({ assumeRole: ROLE })
    await role.missingPermissions(CONTRACTORS, never)
    advance(HOUR)
    expect(await role.missingPermissions(CONTRACTORS, never)).toEqual([])
  })
})
