import { describe, expect, it } from 'vitest'
import type { CurfewEvent } from '../../src/app/events.ts'
import { type Notification, notificationOf } from '../../src/app/notification.ts'
import { NOTIFICATION_EVENTS } from '../../src/config/configuration.ts'
import { OUTCOMES } from '../../src/domain/terminate/termination.ts'
import { ENDPOINT, NOON } from '../domain/build.ts'
import { NOTIFIED, OFFICE, TOLD_AT, violation } from './notified-events.ts'

const notified = (event: CurfewEvent): Notification => {
  const notification = notificationOf(event, TOLD_AT)
  if (notification === undefined) throw new Error(`${event.event} makes no notification`)
  return notification
}

const ON_OFFICE = { endpointId: ENDPOINT, name: 'office', account: '111122223333', region: 'eu-central-1' }

describe('a notification', () => {
  it.each(NOTIFICATION_EVENTS)('is made for %s, with the instant of the event', (event) => {
    const happened = NOTIFIED[event]
    expect(notified(happened)).toMatchObject({ event, at: 'at' in happened ? happened.at : TOLD_AT })
  })

  it('of a termination has the user, the policy, the reason, the instants, and the other violated policies', () => {
    const { data, person: _person, principal: _principal, ...about } = notified(NOTIFIED.terminated)
    expect(about).toEqual({
      event: 'terminated',
      at: NOON + 4000,
      endpoint: OFFICE,
      policy: 'daily-reauthentication',
      subject: 'cvpn-connection-0123456789abcdef0',
      connections: 1,
      names: ['alice@corp.example'],
    })
    expect(data).toEqual({
      ...ON_OFFICE,
      connectionId: 'cvpn-connection-0123456789abcdef0',
      username: 'alice@corp.example',
      commonName: 'laptop-17',
      policy: 'daily-reauthentication',
      alsoBy: ['contractors-office-hours'],
      reason: 'session-age',
      because: 'connected since 2026-11-23T01:55:00Z, for 10h5m: at most 10h is allowed',
      since: '2026-11-23T11:55:00.000Z',
      deadline: '2026-11-23T12:00:00.000Z',
      call: { id: 'mibpm8c0-1', selector: 'connection-id' },
      requestId: '1b6fc0de-0000-4000-8000-000000000001',
      outcome: 'confirmed',
      attempts: 1,
    })
  })

  it('is made for the outcomes confirmed and gave-up only', () => {
    const made = OUTCOMES.map((outcome) => [
      outcome,
      notificationOf({ ...NOTIFIED.terminated, outcome } as CurfewEvent, TOLD_AT)?.event,
    ])
    expect(Object.fromEntries(made)).toEqual({
      confirmed: 'terminated',
      'already-gone': undefined,
      failed: undefined,
      'gave-up': 'gave-up',
    })
  })

  it('of a warning has the end of the connection and the lead', () => {
    expect(notified(NOTIFIED.warning).data).toMatchObject({ lead: '15m', endsAt: '2026-11-23T12:00:00.000Z' })
  })

  it('of a warning says when the connection ends in the zone of its policy, and that of a termination has news for the person', () => {
    const factsOf = (policy: string) => ({
      timeZone: policy === 'daily-reauthentication' ? 'Europe/Berlin' : 'UTC',
      cooldownMs: 60_000,
    })
    const warning = notificationOf(NOTIFIED.warning, TOLD_AT, factsOf)
    expect(warning?.data.ends).toBe('Mon 2026-11-23 13:00 Europe/Berlin')
    const told = { endpoint: 'office', name: 'alice@corp.example', timeZone: 'Europe/Berlin', cooldownMs: 60_000 }
    expect(warning?.person).toMatchObject({ ...told, event: 'warning', endsAt: NOON })
    const terminated = notificationOf(NOTIFIED.terminated, TOLD_AT, factsOf)
    expect(terminated?.person).toMatchObject({ ...told, event: 'terminated', endsAt: NOON + 4000 })
    expect(notificationOf(NOTIFIED['gave-up'], TOLD_AT, factsOf)?.person).toBeUndefined()
  })

  it('of a warning has a link for the person alone', () => {
    const link = 'https://curfew.corp.example/extend/secret'
    const warning = notificationOf(NOTIFIED.warning, TOLD_AT, undefined, () => link)
    expect(warning?.person?.extendUrl).toBe(link)
    expect(JSON.stringify({ ...warning, person: undefined })).not.toContain(link)
    expect(notificationOf(NOTIFIED.terminated, TOLD_AT, undefined, () => link)?.person?.extendUrl).toBeUndefined()
  })

  it('leaves out missing facts and infinite instants', () => {
    const { data } = notified({
      ...NOTIFIED.terminated,
      violation: violation({ username: undefined, since: undefined, deadline: -Infinity }),
    } as CurfewEvent)
    const { username, since, deadline } = data
    expect({ username, since, deadline }).toEqual({})
  })

  it.each([
    ['the user name', {}, 'alice@corp.example'],
    ['else the common name', { username: undefined }, 'laptop-17'],
    ['else the connection', { username: undefined, commonName: undefined }, 'cvpn-connection-0123456789abcdef0'],
  ])('names a user by %s', (_, different, name) => {
    expect(notified({ ...NOTIFIED.terminated, violation: violation(different) } as CurfewEvent).names).toEqual([name])
  })

  it('stays small, even for many held connections or many problems', () => {
    const examples = Array.from({ length: 10 }, (_, index) => violation({ username: `person-${index}` }))
    const held = notified({ ...NOTIFIED.held, endsNow: 7000, examples } as CurfewEvent)
    const names = examples.map(({ username }) => username)
    expect(held).toMatchObject({ connections: 7000, names, data: { endsNow: 7000, names, active: 20 } })
    const problems = Array.from({ length: 500 }, (_, index) => `a.yaml:${index + 1}:1: error: …`)
    const { data } = notified({ event: 'reload-refused', source: 'files', problems })
    expect(data).toEqual({ problems: problems.slice(0, 10), count: 500 })
  })
})
