import { describe, expect, it } from 'vitest'
import { createDoor } from '../../../src/domain/door/door.ts'
import type { DoorRules } from '../../../src/domain/door/door-rules.ts'
import { requestOf } from '../../../src/domain/door/request.ts'
import type { Policy } from '../../../src/domain/policies/policy.ts'
import type { Calendar } from '../../../src/domain/time/calendar.ts'
import type { Hours } from '../../../src/domain/time/hours.ts'
import { policy } from '../build.ts'
import { doorRules } from './door-rules.ts'
import { judged } from './judged.ts'
import { request } from './requests.ts'

/** The text for alice: by default on the evening of Monday, 23 November 2026, in Berlin. */
const textOf = (
  policies: Policy | readonly Policy[],
  at = '2026-11-23T19:00:00+01:00',
  rules: Partial<DoorRules> = {},
) => {
  const door = createDoor(doorRules([policies].flat(), { timeZone: 'Europe/Berlin', ...rules }))
  const decision = judged(door.decide(requestOf(request()), 'eu-central-1', Date.parse(at)))
  return decision.act === 'allow' ? 'allowed' : decision.text
}

const hours = (keys: Record<string, unknown>, different: Partial<Policy> = {}) =>
  policy('off-hours', { timeZone: 'Europe/Berlin', ...keys }, different)

const office = { allowed: [{ days: 'mon-fri', hours: '07:30-18:30' }] }
const ban = (entry: Record<string, unknown> = {}, different: Partial<Policy> = {}) =>
  policy('banned-users', { users: [{ pattern: 'alice', ...entry }] }, different)

/** Hours with a calendar of dates in December 2026 that end with the 25th. */
const closedUntil25th = (keys: Record<string, unknown>, first: number): Policy => {
  const made = hours(keys)
  const dates = [{ from: { year: 2026, month: 12, day: first }, to: { year: 2026, month: 12, day: 25 } }]
  const calendar: Calendar = { dates, yearly: [] }
  return { ...made, rule: { ...(made.rule as Hours), calendars: [calendar] } }
}

describe('the text of off-hours', () => {
  it('tells the hours, and the next opening', () => {
    expect(textOf(hours(office))).toBe('VPN access is open Mon–Fri 07:30–18:30 Europe/Berlin; next: Tue 07:30')
    expect(textOf(hours(office, { matchGroup: 'contractors' }), '2026-11-27T18:30:00+01:00')).toBe(
      'VPN access for contractors is open Mon–Fri 07:30–18:30 Europe/Berlin; next: Mon 07:30',
    )
  })

  it.each([
    [{ allowed: [{ days: ['mon', 'sat', 'sun'], hours: '08:00-12:00' }] }, 'open Sat–Mon 08:00–12:00 Europe/Berlin'],
    [
      { allowed: [{ days: ['tue', 'thu'] }, { hours: '22:00-02:00' }] },
      'open Tue, Thu all day, daily 22:00–02:00 Europe/Berlin',
    ],
    [{ denied: [{ days: ['mon', 'tue'] }] }, 'closed Mon, Tue Europe/Berlin'],
    [
      { denied: [{ dates: ['2026-11-23', { from: '2026-12-24', to: '2026-12-26' }], hours: '12:00-24:00' }] },
      'closed 2026-11-23, 2026-12-24–2026-12-26 12:00–24:00 Europe/Berlin',
    ],
    [{ denied: [{ weeks: ['last'], days: ['mon', 'tue'] }, { monthDays: [23] }] }, 'closed at this time'],
  ])('has words for %j', (keys, words) => {
    expect(textOf(hours(keys)).split('; ')[0]).toBe(`VPN access is ${words}`)
  })

  it('tells the zone of the next opening where the hours do not', () => {
    expect(textOf(hours({ denied: [{ monthDays: [23] }] }))).toBe(
      'VPN access is closed at this time; opens again Tue 00:00 Europe/Berlin',
    )
    const places = [
      { days: 'mon-fri', hours: '07:00-18:00' },
      { days: 'mon-fri', hours: '09:00-12:00', timeZone: 'Asia/Tokyo' },
    ]
    expect(textOf(hours({ allowed: places }))).toBe(
      'VPN access is open Mon–Fri 07:00–18:00 Europe/Berlin, Mon–Fri 09:00–12:00 Asia/Tokyo; next: Tue 01:00 Europe/Berlin',
    )
  })

  it('tells the zone of the next opening where all hours have another one', () => {
    const tokyo = { days: 'mon-fri', hours: '09:00-12:00', timeZone: 'Asia/Tokyo' }
    expect(textOf(hours({ allowed: [tokyo] }))).toBe(
      'VPN access is open Mon–Fri 09:00–12:00 Asia/Tokyo; next: Tue 01:00 Europe/Berlin',
    )
  })

  it.each([
    ['on a closed day', 25, '2026-12-25T10:00:00+01:00', 'on 2026-12-25; next: Mon 07:30'],
    ['before closed days', 25, '2026-12-24T19:00:00+01:00', 'on 2026-12-25; next: Mon 07:30'],
    ['before more of them', 23, '2026-12-22T19:00:00+01:00', 'from 2026-12-23 to 2026-12-25; next: Mon 07:30'],
    ['after a closed day', 25, '2026-12-26T03:00:00+01:00', undefined],
  ])('tells dates of a calendar that delay the opening: %s', (_, days, at, words) => {
    const but = words === undefined ? '; next: Mon 07:30' : `, but does not open ${words}`
    expect(textOf(closedUntil25th(office, days), at)).toBe(`VPN access is open Mon–Fri 07:30–18:30 Europe/Berlin${but}`)
  })

  it('tells the date on which hours over midnight would have begun', () => {
    const night = { allowed: [{ days: 'mon-fri', hours: '22:00-06:00' }] }
    expect(textOf(closedUntil25th(night, 25), '2026-12-26T03:00:00+01:00')).toBe(
      'VPN access is open Mon–Fri 22:00–06:00 Europe/Berlin, but does not open on 2026-12-25; next: Mon 22:00',
    )
  })

  it('tells the exception by which denied hours end early', () => {
    expect(textOf(closedUntil25th({ denied: [{ days: 'mon-fri' }] }, 25), '2026-12-24T10:00:00+01:00')).toBe(
      'VPN access is closed Mon–Fri Europe/Berlin, but not on 2026-12-25; opens again Fri 00:00',
    )
  })

  it('says that denied hours end, so that nobody takes the end for the next closure', () => {
    const maintenance = hours({ denied: [{ days: 'sun', hours: '02:00-04:00' }] })
    expect(textOf(maintenance, '2026-11-22T03:00:00+01:00')).toBe(
      'VPN access is closed Sun 02:00–04:00 Europe/Berlin; opens again Sun 04:00',
    )
  })

  it('says from when the person can connect where the hours alone give another time', () => {
    const later = hours({ allowed: [{ days: 'tue-fri', hours: '09:30-18:30' }] }, { name: 'later' })
    const saturday = '2026-11-28T12:00:00+01:00'
    expect(textOf([hours(office), later], saturday)).toBe(
      'VPN access is open Tue–Fri 09:30–18:30 Europe/Berlin; next: Tue 09:30',
    )
    expect(textOf([hours(office, { name: 'a' }), { ...later, name: 'b' }], saturday)).toBe(
      'VPN access is open Mon–Fri 07:30–18:30 Europe/Berlin; you can connect again from Tue 09:30',
    )
    expect(textOf(hours(office, { until: Date.parse('2026-11-29T12:00:00+01:00') }), saturday)).toBe(
      'VPN access is open Mon–Fri 07:30–18:30 Europe/Berlin; you can connect again from Sun 12:00',
    )
    const weekend = hours({ allowed: [{ days: ['sat', 'sun'] }] }, { name: 'weekend' })
    expect(textOf([hours(office), weekend])).toBe('VPN access is closed at this time; no opening is known')
  })

  it('tells no hours where the clocks show them twice, and the person is kept out at the second time', () => {
    const night = hours({ allowed: [{ hours: '02:00-02:45' }] })
    expect(textOf(night, '2026-10-25T02:15:00+01:00')).toBe(
      'VPN access is closed at this time; opens again Mon 02:00 Europe/Berlin',
    )
  })

  it('tells months', () => {
    const winter = { days: 'mon-fri', hours: '08:00-12:00', months: 'nov-feb' }
    expect(textOf(hours({ allowed: [winter, { months: ['jun', 'aug'] }] }))).toBe(
      'VPN access is open Mon–Fri 08:00–12:00 in Nov–Feb, all day in Jun, Aug Europe/Berlin; next: Tue 08:00',
    )
  })

  it('tells that no opening is known', () => {
    expect(textOf(hours({ allowed: [{ dates: ['2026-11-01'] }] }))).toBe(
      'VPN access is open 2026-11-01 Europe/Berlin; no opening is known',
    )
  })

  it('leaves out hours for which there is no room, not the next opening', () => {
    const many = Array.from({ length: 20 }, (_, at) => ({ hours: `0${at % 10}:00-0${at % 10}:30` }))
    expect(textOf(hours({ allowed: many }, { matchGroup: 'contractors' }))).toBe(
      'VPN access is closed at this time; opens again Tue 00:00 Europe/Berlin',
    )
  })

  it('leaves out a group for which there is no room, before the hours', () => {
    expect(textOf(hours(office, { matchGroup: 'contractors-of-'.repeat(14) }))).toBe(
      'VPN access is open Mon–Fri 07:30–18:30 Europe/Berlin; next: Tue 07:30',
    )
  })
})

describe('the text of a ban', () => {
  it('tells until when, and why', () => {
    const ask = 'Ask the administrators of the VPN if you need access.'
    expect(textOf(ban())).toBe(`Your VPN access is blocked. ${ask}`)
    expect(textOf(ban({ reason: 'Contract ended.' }))).toBe(`Your VPN access is blocked: Contract ended. ${ask}`)
    expect(textOf(ban({ reason: 'why?' }))).toBe(`Your VPN access is blocked: why? ${ask}`)
    expect(textOf(ban({ reason: 'see the desk:' }))).toBe(`Your VPN access is blocked: see the desk. ${ask}`)
    expect(textOf(ban({ reason: ' \u200b ' }))).toBe(`Your VPN access is blocked. ${ask}`)
    expect(textOf(ban({ until: '2026-11-24T09:00:01Z', reason: 'lost laptop' }, { timeZone: 'UTC' }))).toBe(
      `Your VPN access is blocked until Tue 09:01 UTC: lost laptop. ${ask}`,
    )
  })

  it('has nothing that nobody sees, or that turns the text around', () => {
    const reason = 'lost\u202e lap\u00adtop \u2066\u200b👩\u200d👧\ufeff'
    expect(textOf(ban({ reason }))).toMatch(/blocked: lost laptop 👩\u200d👧\. Ask/u)
    expect(textOf(ban({ reason }, { message: '{reason}!' }))).toBe('lost laptop 👩\u200d👧!')
    expect(textOf(hours(office, { matchGroup: 'con\u202etractors' }))).toMatch(/^VPN access for contractors is/)
  })

  it('tells the reason of an entry that applies, and the end of all that is closed', () => {
    const users = [
      { pattern: 'alice', from: '2026-12-01T00:00:00Z', reason: 'leaves in December' },
      { pattern: 'al*', until: '2026-11-24T05:00:00Z', reason: 'audit' },
      'alic?',
    ]
    expect(textOf(policy('banned-users', { users }))).toMatch(/blocked: audit\./)
    expect(textOf([ban({ until: '2026-11-24T05:00:00Z' }), hours(office)])).toMatch(
      /^Your VPN access is blocked until Tue 07:30 Europe\/Berlin\./,
    )
  })

  it('leaves out what to do where the reason takes the room, and cuts only then', () => {
    expect(textOf(ban({ reason: 'x'.repeat(200) }))).toBe(`Your VPN access is blocked: ${'x'.repeat(200)}.`)
    expect(textOf(ban({ reason: 'much to say '.repeat(50) }))).toMatch(
      /^Your VPN access is blocked: (much to say )+much to…$/,
    )
  })
})

it('the text of posture tells the status', () => {
  const posture = [{ status: 'quarantined', match: undefined }]
  expect(textOf(policy('posture', { require: ['managed'] }), undefined, { posture })).toBe(
    'VPN access is denied: the device lacks the required status "managed". Bring your device into the required state, then connect again.',
  )
  expect(textOf(policy('posture', { deny: ['quarantined'] }), undefined, { posture })).toMatch(
    /denied status "quarantined"/,
  )
})

describe('a message', () => {
  it('replaces the text, with its placeholders', () => {
    const message = '{policy}: {reason}, until {until}. {until}'
    expect(textOf(hours(office, { message }))).toBe(
      'off-hours: open Mon–Fri 07:30–18:30 Europe/Berlin, until Tue 07:30 Europe/Berlin. Tue 07:30 Europe/Berlin',
    )
    expect(textOf(ban({ reason: 'lost laptop' }, { message: '{reason} until {until}' }))).toBe(
      'lost laptop until further notice',
    )
    expect(textOf(ban({ reason: '{until}' }, { message: '{reason}' }))).toBe('{until}')
  })

  it('reads right where no opening is known, and where a value ends the sentence', () => {
    expect(textOf(ban({}, { message: 'No VPN before {until}. Until  {until}.' }))).toBe(
      'No VPN before a time not yet known. Until further notice.',
    )
    expect(textOf(ban({ reason: 'why?' }, { message: '{reason}. By {policy}.' }))).toBe('why? By banned-users.')
    expect(textOf(ban({ reason: 'Lost.' }, { message: '{reason}.' }))).toBe('Lost.')
  })

  it('is cut where its values are too long', () => {
    const text = textOf(ban({ reason: 'ünlaut '.repeat(100) }, { message: 'Blocked: {reason}' }))
    expect(Buffer.byteLength(text)).toBeLessThanOrEqual(255)
    expect(text).toMatch(/^Blocked: (ünlaut )+ünlaut…$/)
  })
})
