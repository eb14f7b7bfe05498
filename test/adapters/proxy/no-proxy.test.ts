import { describe, expect, it } from 'vitest'
import { createNoProxy } from '../../../src/adapters/proxy/no-proxy.ts'

const EC2 = 'ec2.eu-central-1.amazonaws.com'

describe('NO_PROXY', () => {
  it.each([
    ['*', EC2],
    [EC2, EC2],
    ['amazonaws.com', EC2],
    ['.amazonaws.com', EC2],
    ['*.amazonaws.com', EC2],
    ['.amazonaws.com', 'amazonaws.com'],
    ['AmazonAWS.com.', EC2],
    ['amazonaws.com', `${EC2.toUpperCase()}.`],
    [`${EC2}:443`, EC2],
    ['localhost, corp.example amazonaws.com', EC2],
    ['10.1.2.3', '10.1.2.3'],
    ['10.1.2.3:443', '10.1.2.3'],
    ['10.0.0.0/8', '10.1.2.3'],
    ['fd00::1', 'fd00:0:0::1'],
    ['[fd00::1]', 'fd00::1'],
    ['[fd00::1]:443', 'fd00::1'],
    ['fd00::/8', 'fd12::1'],
  ])('"%s" names %s', (list, host) => {
    expect(createNoProxy(list)(host, 443)).toBe(true)
  })

  it.each([
    ['', EC2],
    [',', EC2],
    ['aws.com', EC2],
    ['ec2.eu-central-1', EC2],
    [`${EC2}:8443`, EC2],
    ['*.eu-west-1.amazonaws.com', EC2],
    ['10.1.2.3', '10.1.2.30'],
    ['10.1.2.3:8443', '10.1.2.3'],
    ['10.0.0.0/8', '11.1.2.3'],
    ['10.0.0.0/8', 'ten.corp.example'],
    ['10.0.0.0/99', '10.1.2.3'],
    ['10.*', '10.1.2.3'],
    ['fd00::1', 'fd00::2'],
    ['fd00::/8', 'fe00::1'],
  ])('"%s" does not name %s', (list, host) => {
    expect(createNoProxy(list)(host, 443)).toBe(false)
  })
})
