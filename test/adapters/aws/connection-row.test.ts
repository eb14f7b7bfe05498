import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { connectionOf } from '../../../src/adapters/aws/connection-row.ts'

const place = { endpointId: 'cvpn-endpoint-0123456789abcdef0', region: 'eu-central-1' }
const ID = 'cvpn-connection-0123456789abcdef0'

const established = (text: string | undefined) =>
  connectionOf({ ConnectionId: ID, ConnectionEstablishedTime: text }, place)?.establishedAt

const two = (count: number) => String(count).padStart(2, '0')

/** The time as AWS writes it, computed without `Date`. */
const written = (second: number) => {
  let days = Math.floor(second / 86_400)
  const leap = (year: number) => year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0)
  let year = 1970
  for (let length = 365; days >= length; length = leap(year) ? 366 : 365) {
    days -= length
    year += 1
    if (days < (leap(year) ? 366 : 365)) break
  }
  const lengths = [31, leap(year) ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]
  let month = 0
  for (const length of lengths) {
    if (days < length) break
    days -= length
    month += 1
  }
  const rest = second % 86_400
  const time = [Math.floor(rest / 3600), Math.floor(rest / 60) % 60, rest % 60].map(two).join(':')
  return `${year}-${two(month + 1)}-${two(days + 1)} ${time}`
}

describe.each(['America/New_York', 'Asia/Kolkata', 'UTC'])('with the local time zone %s', (zone) => {
  const before = process.env.TZ
  beforeAll(() => {
    process.env.TZ = zone
  })
  afterAll(() => {
    if (before === undefined) delete process.env.TZ
    else process.env.TZ = before
  })

  it('the established time is read as UTC', () => {
    expect(new Date(2026, 0, 1).getTimezoneOffset()).toBe(
      { UTC: 0, 'America/New_York': 300, 'Asia/Kolkata': -330 }[zone],
    )
    expect(established('2019-08-12 08:02:53')).toBe(1_565_596_973_000)
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 4_102_444_799 }), (second) => {
        expect(established(written(second))).toBe(second * 1000)
      }),
    )
  })
})

describe('the established time', () => {
  it.each([
    ['2024-03-15T09:00:00+00:00', Date.UTC(2024, 2, 15, 9)],
    ['2024-03-15T09:00:00Z', Date.UTC(2024, 2, 15, 9)],
    ['2024-03-15T09:00:00.250+02:00', Date.UTC(2024, 2, 15, 7, 0, 0, 250)],
    ['2024-03-15T09:00:00', Date.UTC(2024, 2, 15, 9)],
    ['2024-03-15T09:00:00.250999', Date.UTC(2024, 2, 15, 9, 0, 0, 250)],
    ['2024-03-15T09:00:00.000001Z', Date.UTC(2024, 2, 15, 9)],
    ['2024-03-15 09:00:00.5', Date.UTC(2024, 2, 15, 9, 0, 0, 500)],
    ['2024-03-15 09:00:00Z', Date.UTC(2024, 2, 15, 9)],
    ['2024-03-15 09:00:00+0200', Date.UTC(2024, 2, 15, 7)],
    ['2024-03-15T09:00:00.123456-0530', Date.UTC(2024, 2, 15, 14, 30, 0, 123)],
  ])('is read from %s', (text, at) => {
    expect(established(text)).toBe(at)
  })

  it.each([
    undefined,
    '',
    '-',
    'NA',
    '2024-02-30T09:00:00.000001',
    '2024-03-15T24:00:00',
    '2024-03-15T09:00:00+25:00',
    '2024-03-15',
    '2024-02-30 09:00:00',
    '2024-03-15 24:00:00',
    '2024-03-15 09:60:00',
    '2024-03-15  09:00:00',
    '15/03/2024 09:00:00',
    '1710493200',
    'Fri, 15 Mar 2024 09:00:00 GMT',
  ])('is undefined for %s', (text) => {
    expect(established(text)).toBeUndefined()
  })
})

describe('a counter', () => {
  const bytes = (text: string | undefined) => {
    const connection = connectionOf({ ConnectionId: ID, IngressBytes: text, EgressBytes: text }, place)
    expect(connection?.egressBytes).toBe(connection?.ingressBytes)
    return connection?.ingressBytes
  }

  it('holds every number that JavaScript represents exactly', () => {
    fc.assert(
      fc.property(fc.maxSafeNat(), (count) => {
        expect(bytes(count.toString(10))).toBe(count)
      }),
    )
  })

  it.each([undefined, '', '-', 'NA', '-1', '1.5', '1e3', '0x10', ' 1', '9007199254740992', 'Infinity'])(
    'is undefined for %s',
    (text) => {
      expect(bytes(text)).toBeUndefined()
    },
  )
})

describe('a row', () => {
  it('has no names if AWS sends none or a placeholder', () => {
    for (const name of [undefined, '', '-', 'NA', 'N/A']) {
      const connection = connectionOf({ ConnectionId: ID, Username: name, CommonName: name }, place)
      expect(connection).toMatchObject({ username: undefined, commonName: undefined })
    }
  })

  it('keeps any status that AWS sends', () => {
    const status = (code: string | undefined) =>
      connectionOf({ ConnectionId: ID, Status: { Code: code as 'active' } }, place)?.status
    expect(['active', 'paused', '', undefined].map(status)).toEqual(['active', 'paused', 'unknown', 'unknown'])
    expect(connectionOf({ ConnectionId: ID }, place)?.status).toBe('unknown')
  })

  it('gives no connection without an id', () => {
    expect(connectionOf({ Username: 'alice' }, place)).toBeUndefined()
    expect(connectionOf({ ConnectionId: '' }, place)).toBeUndefined()
  })
})
