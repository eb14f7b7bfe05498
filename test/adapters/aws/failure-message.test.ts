import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { vpnErrorOf } from '../../../src/adapters/aws/failure-message.ts'
import { VPN_ERROR_CODES } from '../../../src/app/vpn.ts'
import { SECRET_KEY, SESSION_TOKEN } from './fake-credentials.ts'

const asked = {
  action: 'TerminateClientVpnConnections',
  endpointId: 'cvpn-endpoint-0123456789abcdef0',
  region: 'eu-central-1',
  address: 'ec2.eu-central-1.amazonaws.com:443',
  limitMs: 10_000,
}

const said = (message: string) =>
  Object.assign(new Error(message), { name: 'Novelty', $fault: 'client', $metadata: { httpStatusCode: 400 } })

const anyText = fc.string({ unit: 'binary', maxLength: 60 })

describe('a message', () => {
  it('is one line without a secret, whatever AWS says', () => {
    const secret = fc.constantFrom(SECRET_KEY, SESSION_TOKEN, 'AKIAIOSFODNN7EXAMPLE', 'ASIAIOSFODNN7EXAMPLE')
    const code = fc.constantFrom(...VPN_ERROR_CODES)
    fc.assert(
      fc.property(code, anyText, secret, anyText, (word, before, hidden, after) => {
        const { message } = vpnErrorOf(said(`${before} ${hidden} ${after}`), asked, word)
        expect(message).not.toMatch(/\p{Cc}|\u2028|\u2029/u)
        expect(message).not.toContain(hidden)
        expect(message).toContain(asked.endpointId)
        expect(message).toContain(asked.region)
      }),
    )
  })

  it('leaves out the authorization blob and keeps what comes before it', () => {
    const text =
      'You are not authorized to perform this operation. User: arn:aws:iam::111122223333:user/curfew is not authorized to perform: ec2:TerminateClientVpnConnections on resource: arn:aws:ec2:eu-central-1:111122223333:client-vpn-endpoint/cvpn-endpoint-0123456789abcdef0'
    const { message } = vpnErrorOf(said(`${text} Encoded authorization failure message: abc-DEF_123`), asked, 'denied')
    expect(message).toContain(text)
    expect(message).not.toContain('abc-DEF_123')
  })

  it('holds no command line', () => {
    const failure = Object.assign(new Error('Command failed: /opt/keys --password hunter2\nno such key'), {
      name: 'CredentialsProviderError',
    })
    const { message } = vpnErrorOf(failure, asked)
    expect(message).not.toContain('hunter2')
    expect(message).toContain('AWS_PROFILE')
  })

  it('is not endless', () => {
    expect(vpnErrorOf(said('word '.repeat(10_000)), asked).message.length).toBeLessThan(700)
  })

  it('names the partition that the region is in', () => {
    const arn = (region: string) => vpnErrorOf(said(''), { ...asked, region }, 'denied').message
    expect(arn('cn-north-1')).toContain('arn:aws-cn:ec2:cn-north-1:*:')
    expect(arn('us-gov-west-1')).toContain('arn:aws-us-gov:ec2:us-gov-west-1:*:')
    expect(arn('eu-central-1')).toContain('arn:aws:ec2:eu-central-1:*:')
  })

  it('names host and port that could not be reached', () => {
    const refused = Object.assign(new Error('connect'), { code: 'ECONNREFUSED' })
    expect(vpnErrorOf(refused, asked).message).toContain('ec2.eu-central-1.amazonaws.com:443')
  })
})
