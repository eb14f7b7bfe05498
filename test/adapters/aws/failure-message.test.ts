import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { vpnErrorOf } from '../../../src/adapters/aws/failure-message.ts'
import { VPN_ERROR_CODES } from '../../../src/app/vpn.ts'
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

const anyText = fc.string({ unit: 'binary', maxLength: 60 })

describe('the message of a failure', () => {
  it('is one line without secrets, whatever text AWS sends', () => {
    const secret = fc.constantFrom(SECRET_KEY, SESSION_TOKEN, 'AKIAIOSFODNN7EXAMPLE', 'ASIAIOSFODNN7EXAMPLE')
    const code = fc.constantFrom(...VPN_ERROR_CODES)
    fc.assert(
      fc.property(code, anyText, secret, anyText, (word, before, hidden, after) => {
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

  it('holds no command line', () => {
    const failure = Object.assign(new Error('Command failed: /opt/keys --password hunter2\nno such key'), {
      name: 'CredentialsProviderError',
    })
    const { message } = vpnErrorOf(failure, call)
    expect(message).not.toContain('hunter2')
    expect(message).toContain('AWS_PROFILE')
  })

  it('has a limited length', () => {
    expect(vpnErrorOf(errorOf('word '.repeat(10_000)), call).message.length).toBeLessThan(700)
  })

  it('names the partition of the Region', () => {
    const arn = (region: string) => vpnErrorOf(errorOf(''), { ...call, region }, 'denied').message
    expect(arn('cn-north-1')).toContain('arn:aws-cn:ec2:cn-north-1:*:')
    expect(arn('us-gov-west-1')).toContain('arn:aws-us-gov:ec2:us-gov-west-1:*:')
    expect(arn('eu-central-1')).toContain('arn:aws:ec2:eu-central-1:*:')
  })

  it('names the host and port that could not be reached', () => {
    const refused = Object.assign(new Error('connect'), { code: 'ECONNREFUSED' })
    expect(vpnErrorOf(refused, call).message).toContain('ec2.eu-central-1.amazonaws.com:443')
  })
})
