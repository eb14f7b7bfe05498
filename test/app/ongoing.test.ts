import { describe, expect, it } from 'vitest'
import { createOngoing } from '../../src/app/ongoing.ts'
import { MINUTE } from '../../src/domain/time/instant.ts'
import { NOON } from '../domain/build.ts'

const office = {
  id: 'cvpn-endpoint-0123456789abcdef0',
  name: 'office',
  region: 'eu-central-1',
  account: '111122223333',
}
const permission = { endpoint: office, action: 'ec2:TerminateClientVpnConnections' }
const site = { region: office.region, account: office.account }

const start = () => createOngoing({ now: () => NOON })

describe('what is ongoing', () => {
  it('is the queues in which calls wait, with the instant at which the last one leaves', () => {
    const { observe, now } = start()
    observe({ event: 'queue', ...site, length: 100, etaSeconds: 60 })
    observe({ event: 'queue', ...site, region: 'us-east-1', length: 1, etaSeconds: 0 })
    expect(now().queues).toEqual([
      { ...site, length: 100, lastAt: NOON + MINUTE },
      { ...site, region: 'us-east-1', length: 1, lastAt: NOON },
    ])
    observe({ event: 'queue', ...site, length: 0, etaSeconds: 0 })
    expect(now().queues).toMatchObject([{ region: 'us-east-1' }])
  })

  it('is what cannot be written, until it can', () => {
    const { observe, now } = start()
    observe({ event: 'unwritable', what: 'audit', message: 'the disk is full' })
    observe({ event: 'unwritable', what: 'state', message: 'the disk is full' })
    observe({ event: 'writable', what: 'state' })
    expect([...now().unwritable]).toEqual([['audit', 'the disk is full']])
  })

  it('is each missing permission, until it is granted or the endpoint is no longer watched', () => {
    const { observe, now } = start()
    observe({ event: 'permission-missing', ...permission })
    observe({ event: 'permission-missing', ...permission, action: 'ec2:DescribeClientVpnConnections' })
    observe({ event: 'permission-granted', ...permission })
    expect(now().missingPermissions.map(({ action }) => action)).toEqual(['ec2:DescribeClientVpnConnections'])
    observe({ event: 'endpoints-changed', endpoints: [], gone: [office] })
    expect(now().missingPermissions).toEqual([])
  })

  it('is whether the clocks agree', () => {
    const { observe, now } = start()
    expect(now().clocks).toBe('agree')
    observe({ event: 'clock-skew', skewMs: 400_000, warned: true, apart: true })
    expect(now().clocks).toBe('apart')
    observe({ event: 'clock-skew', skewMs: 6000, warned: true, apart: false })
    expect(now().clocks).toBe('differ')
    observe({ event: 'clock-skew', skewMs: 0, warned: false, apart: false })
    expect(now().clocks).toBe('agree')
  })
})
