import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { RoleNotAssumed } from '../../../src/adapters/aws/assumed-role.ts'
import { vpnErrorOf } from '../../../src/adapters/aws/failure-message.ts'
import { ProxyFailure } from '../../../src/adapters/proxy/proxy-failure.ts'
import { VPN_ERROR_CODES } from '../../../src/app/vpn.ts'
import { anyText } from '../../any-text.ts'
import { SECRET_KEY, SESSION_TOKEN } from './fake-credentials.ts'

const call = {
  action: 'TerminateClientVpnConnections',
  endpointId: 'cvpn-endpoint-0123456789abcdef0',
  region: 'eu-central-1',
  address: 'ec2.eu-central-1.amazonaws.com:443',
  limitMs: 10_000,
}

const errorOf = (message: string) =>
  Object.assign(new Error(message), { name: 'Novelty', $fault: 'client', $metadata: { httpStatusCode: 400 } })

const anyMessage = anyText({ maxLength: 60 })

describe('the message of a failure', () => {
  it('is one line without secrets, whatever text AWS sends', () => {
    const secret = fc.constantFrom(SECRET_KEY, SESSION_TOKEN, 'AKIAIOSFODNN7EXAMPLE', 'ASIAIOSFODNN7EXAMPLE')
    const code = fc.constantFrom(...VPN_ERROR_CODES)
    fc.assert(
      fc.property(code, anyMessage, secret, anyMessage, (word, before, hidden, after) => {
        const { message } = vpnErrorOf(errorOf(`${before} ${hidden} ${after}`), call, word)
        expect(message).not.toMatch(/\p{Cc}|\u2028|\u2029/u)
        expect(message).not.toContain(hidden)
        expect(message).toContain(call.endpointId)
        expect(message).toContain(call.region)
      }),
    )
  })

  it('omits the encoded authorization message and keeps the text before it', () => {
    const text =
      'You are not authorized to perform this operation. User: arn:aws:iam::111122223333:user/curfew is not authorized to perform: ec2:TerminateClientVpnConnections on resource: arn:aws:ec2:eu-central-1:111122223333:client-vpn-endpoint/cvpn-endpoint-0123456789abcdef0'
    const { message } = vpnErrorOf(
      errorOf(`${text} Encoded authorization failure message: abc-DEF_123`),
      call,
      'denied',
    )
    expect(message).toContain(text)
    expect(message).not.toContain('abc-DEF_123')
  })

  const user =
    'arn:aws:sts::111122223333:assumed-role/AWSReservedSSO_PowerUserAccess_0a1b2c3d4e5f6a7b/jane.doe@corp.example'
  const resource = `arn:aws:ec2:eu-central-1:111122223333:client-vpn-endpoint/${call.endpointId}`
  const denial = (why: string) =>
    vpnErrorOf(
      errorOf(
        `You are not authorized to perform this operation. User: ${user} is not authorized to perform: ec2:${call.action} on resource: ${resource} ${why} Encoded authorization failure message: ${'Ab1_'.repeat(200)}`,
      ),
      call,
      'denied',
    ).message

  it('names the role that is denied, and the reason at the end of the message, but no blob', () => {
    const message = denial('because no identity-based policy allows the action.')
    expect(message).toContain(user)
    expect(message).toContain('because no identity-based policy allows')
    expect(message).toContain(`; allow ec2:${call.action} on arn:`)
    expect(message).not.toContain('Ab1_Ab1_')
  })

  it.each([
    ['with an explicit deny in a service control policy.', /organization/],
    ['with an explicit deny in a resource control policy.', /organization/],
    ['because no service control policy allows the action.', /organization/],
    ['with an explicit deny in an identity-based policy.', /remove the deny from that identity-based policy/],
    ['with an explicit deny in a VPC endpoint policy.', /remove the deny from that VPC endpoint policy/],
    ['with an explicit deny in a permissions boundary.', /remove the deny from that permissions boundary/],
    ['because no permissions boundary allows the action.', /allow ec2:\S+ on \S+, in the permissions boundary too/],
    ['because no session policy allows the action.', /allow ec2:\S+ on \S+, in the session policy too/],
  ])('gives advice that helps where a denial ends %s', (why, advice) => {
    const message = denial(why)
    expect(message).toContain(why.slice(0, -1))
    const advised = message.slice(message.lastIndexOf('; '))
    expect(advised).toMatch(advice)
    if (!/boundary too|policy too/.test(String(advice))) expect(advised).not.toMatch(/; allow ec2:/)
  })

  it('keeps the beginning and the end of a message that is too long', () => {
    const { message } = vpnErrorOf(errorOf(`the beginning ${'word '.repeat(1000)} the end`), call)
    expect(message).toContain('the beginning')
    expect(message).toContain('the end')
  })

  it.each([
    'InvalidClientVpnActiveAssociationNotFound',
    'ClientVpnTerminateConnectionsLimitExceeded',
    'ClientVpnEndpointAssociationsPendingTooLong',
  ])('shows the long code %s of AWS', (name) => {
    expect(vpnErrorOf(Object.assign(errorOf('Failed.'), { name }), call).message).toContain(`${name}: Failed`)
  })

  it('says that an endpoint without a subnet has no connections, and not that Curfew has a fault', () => {
    const name = 'InvalidClientVpnActiveAssociationNotFound'
    const { message } = vpnErrorOf(Object.assign(errorOf('pending-associate'), { name }), call)
    expect(message).toContain('no associated subnet')
    expect(message).not.toContain('fault in Curfew')
  })

  it('does not advise to check the trust of a role that an organization denies', () => {
    const cause = Object.assign(
      errorOf('User: x is not authorized to perform: sts:AssumeRole with an explicit deny in a service control policy'),
      { name: 'AccessDenied' },
    )
    const role = new RoleNotAssumed('arn:aws:iam::111122223333:role/curfew', cause)
    expect(vpnErrorOf(role, call, 'no-credentials').message).toMatch(/; a service control policy of the organization/)
  })

  it('holds no command line', () => {
    const failure = Object.assign(new Error('Command failed: /opt/keys --password hunter2\nno such key'), {
      name: 'CredentialsProviderError',
    })
    const { message } = vpnErrorOf(failure, call)
    expect(message).not.toContain('hunter2')
    expect(message).toContain('AWS_PROFILE')
  })

  it('has a limited length', () => {
    expect(vpnErrorOf(errorOf('word '.repeat(10_000)), call).message.length).toBeLessThan(900)
  })

  it('names the partition of the Region', () => {
    const arn = (region: string) => vpnErrorOf(errorOf(''), { ...call, region }, 'denied').message
    for (const [region, partition] of [
      ['cn-north-1', 'aws-cn'],
      ['us-gov-west-1', 'aws-us-gov'],
      ['us-iso-east-1', 'aws-iso'],
      ['us-isob-east-1', 'aws-iso-b'],
      ['eu-isoe-west-1', 'aws-iso-e'],
      ['us-isof-south-1', 'aws-iso-f'],
      ['eusc-de-east-1', 'aws-eusc'],
      ['eu-central-1', 'aws'],
    ] as const) {
      expect(arn(region)).toContain(`arn:${partition}:ec2:${region}:*:`)
    }
  })

  it('says that a role is of another partition than the Region', () => {
    const role = (arn: string, region: string) => {
      const refused = new RoleNotAssumed(arn, errorOf('The security token included in the request is invalid'))
      return vpnErrorOf(refused, { ...call, region }, 'no-credentials').message
    }
    expect(role('arn:aws:iam::111122223333:role/curfew', 'cn-north-1')).toContain('belongs to the partition aws-cn')
    expect(role('arn:aws-cn:iam::111122223333:role/curfew', 'cn-north-1')).not.toContain('partition')
    expect(role('arn:aws-us-gov:iam::111122223333:role/curfew', 'us-east-1')).toContain('belongs to the partition aws,')
  })

  it('has a form without what AWS wrote, which says all that Curfew itself says', () => {
    const said = Object.assign(errorOf(`User: ${user} is not authorized`), { name: 'UnauthorizedOperation' })
    const denied = vpnErrorOf(said, call, 'denied')
    expect(denied.message).toContain('jane.doe')
    expect(denied.nameless).toBe(
      `${call.action} of ${call.endpointId} in eu-central-1: UnauthorizedOperation: (withheld, because it may name people: curfew plan shows it); allow ec2:${call.action} on ${resource.replace('111122223333', '*')}`,
    )
    const why = `the role of ${user} does not exist`
    for (const error of [said, new RoleNotAssumed('arn:aws:iam::111122223333:role/curfew', said)]) {
      for (const code of VPN_ERROR_CODES) {
        const { nameless } = vpnErrorOf(error, { ...call, noCredentials: { why, advice: 'correct it' } }, code)
        expect(nameless).not.toContain('jane')
        expect(nameless).toContain(call.endpointId)
      }
    }
  })

  it('withholds nothing about the network and a proxy: nobody is named there', () => {
    const proxy = new ProxyFailure(
      {
        address: '10.0.0.7:3128',
        host: '10.0.0.7',
        port: 3128,
        secure: false,
        variable: 'HTTPS_PROXY',
        authorization: undefined,
      },
      call.address,
      { kind: 'unreached', code: 'ECONNREFUSED' },
    )
    const refused = Object.assign(new Error('connect'), { code: 'ECONNREFUSED' })
    for (const [error, code] of [
      [proxy, 'unreachable'],
      [refused, 'unreachable'],
      [refused, 'timeout'],
    ] as const) {
      const { message, nameless } = vpnErrorOf(error, call, code)
      expect(nameless).toBe(message)
    }
  })

  it('names the host and port that could not be reached', () => {
    const refused = Object.assign(new Error('connect'), { code: 'ECONNREFUSED' })
    expect(vpnErrorOf(refused, call).message).toContain('ec2.eu-central-1.amazonaws.com:443')
  })
})
