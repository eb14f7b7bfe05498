import { spawnSync } from 'node:child_process'
import { describe, expect, it } from 'vitest'
import { syntheticMonth } from '../../scripts/synthetic-month/month.ts'
import { createJoin } from '../../src/domain/recording/join.ts'
import { recordOf } from '../../src/domain/recording/log-record.ts'
import type { RecordedSession } from '../../src/domain/recording/recorded-session.ts'
import { DAY, HOUR, MINUTE } from '../../src/domain/time/instant.ts'

const MONTH = { seed: 1, people: 120, days: 31, from: '2026-10-01' }
const lines = [...syntheticMonth(MONTH)]

const recorded = () => {
  const join = createJoin()
  for (const line of lines) {
    const record = recordOf(JSON.parse(line))
    if ('problem' in record) throw new Error(`${record.problem}: ${line}`)
    join.add(record)
  }
  return join.recording()
}
const recording = recorded()
const { sessions } = recording

const sessionsOf = (username: string) => sessions.filter((session) => session.username === username)

const isUpAt = (at: number) => (session: RecordedSession) => session.establishedAt <= at && at < session.endedAt

describe('the synthetic month', () => {
  it('has the same lines for the same seed, and others for another seed', () => {
    expect([...syntheticMonth(MONTH)]).toEqual(lines)
    expect([...syntheticMonth({ ...MONTH, seed: 2 })]).not.toEqual(lines)
  })

  it('is in the order of time, within its days', () => {
    const times = lines.map((line) => (JSON.parse(line) as Record<string, string>)['connection-last-update-time'] ?? '')
    expect(times).toEqual(times.toSorted())
    expect(times[0]).toMatch(/^2026-10-01 /)
    expect(times.at(-1)).toMatch(/^2026-10-31 /)
  })

  it('has sessions, none of them longer than a day, and edges', () => {
    expect(sessions.length).toBeGreaterThan(30 * MONTH.people)
    expect(sessions.filter(({ establishedAt, endedAt }) => endedAt - establishedAt > DAY)).toEqual([])
    expect(new Set(sessions.flatMap(({ begin, end }) => [begin, end]))).toEqual(
      new Set(['recorded', 'before', 'open', 'last-update']),
    )
    expect(Object.values(recording.contradictions)).toEqual(Object.values(recording.contradictions).map(() => 0))
    expect(new Set(sessions.map(({ endpointId }) => endpointId)).size).toBe(2)
  })

  it('has logins that failed, and the two steps of SAML', () => {
    for (const status of ['failed', 'waiting-for-assertion', 'assertion-received'])
      expect(lines.some((line) => line.includes(`"${status}"`))).toBe(true)
  })

  it('has a leaver who comes back every minute', () => {
    const onFriday = sessionsOf('mallory@corp.example').filter(
      ({ establishedAt }) => Math.floor(establishedAt / DAY) * DAY === Date.parse('2026-10-23'),
    )
    expect(onFriday.length).toBeGreaterThan(85)
    const gaps = onFriday.slice(1).map(({ establishedAt }, index) => establishedAt - (onFriday[index]?.endedAt ?? 0))
    expect(Math.max(...gaps)).toBeLessThan(3 * MINUTE)
  })

  it('has contractors, people at night, a second device and a machine without a user', () => {
    const shares = (ofHour: number) =>
      sessions.filter(isUpAt(Date.parse('2026-10-14T00:00:00Z') + ofHour * HOUR)).length
    expect(shares(9)).toBeGreaterThan(MONTH.people / 3)
    expect(shares(2)).toBeGreaterThan(2)
    expect(shares(2)).toBeLessThan(MONTH.people / 6)
    expect(sessions.some(({ username }) => username?.startsWith('ext-'))).toBe(true)
    expect(sessions.some(({ username, commonName }) => username === undefined && commonName === 'build-01')).toBe(true)
    const overlaps = sessions.some(
      ({ username, establishedAt }) => sessionsOf(username ?? '').filter(isUpAt(establishedAt)).length > 2,
    )
    expect(overlaps).toBe(true)
  })

  it('has a weekend of maintenance on one endpoint', () => {
    const inTheNight = sessions.filter(isUpAt(Date.parse('2026-10-18T00:00:00Z')))
    expect(inTheNight.filter(({ end }) => end === 'recorded').map(({ endpointId }) => endpointId)).not.toContain(
      'cvpn-endpoint-0123456789abcdef0',
    )
    expect(inTheNight.length).toBeGreaterThan(0)
  })
})

describe('npm run synthetic-month', () => {
  const run = (...args: readonly string[]) => {
    const { status, stdout, stderr } = spawnSync(
      process.execPath,
      ['--import', 'tsx', 'scripts/synthetic-month.ts', ...args],
      { encoding: 'utf8' },
    )
    return { status, said: stdout + stderr }
  }

  it.each([
    { args: ['--help'], status: 0, says: 'Usage: npm run synthetic-month' },
    { args: ['--peple', '3', 'month.jsonl'], status: 64, says: "Unknown option '--peple'" },
    { args: ['--from', '2026-13-01', 'month.jsonl'], status: 64, says: '--from: expected a date such as 2026-10-01' },
    { args: ['/no/such/folder/month.jsonl'], status: 1, says: 'the folder /no/such/folder does not exist' },
  ])('answers $args in words', ({ args, status, says }) => {
    const answer = run(...args)
    expect(answer).toEqual({ status, said: expect.stringContaining(says) })
    expect(answer.said).not.toMatch(/\n +at /)
  })
})
