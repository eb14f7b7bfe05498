import { describe, expect, it } from 'vitest'
import type { ConnectionRecord } from '../../../src/domain/recording/connection-record.ts'
import { createJoin } from '../../../src/domain/recording/join.ts'
import { NEVER, toText } from '../../../src/domain/time/instant.ts'
import { at, begin, end, failed, loginStep, shownAt } from './record.ts'

const joined = (...records: readonly ConnectionRecord[]) => {
  const join = createJoin()
  for (const record of records) join.add(record)
  return join.recording()
}

const time = (instant: number) => toText(instant).slice(8, 16).replace('T', ' ')

/** `a 23 08:00–23 16:00`, with a word for what is not recorded. */
const shown = (...records: readonly ConnectionRecord[]) =>
  joined(...records).sessions.map((session) =>
    [
      `${session.connectionId} ${time(session.establishedAt)}–${time(session.endedAt)}`,
      ...(session.begin === 'before' ? ['before'] : []),
      ...(session.end === 'recorded' ? [] : [session.end]),
    ].join(' '),
  )

const contradictions = (...records: readonly ConnectionRecord[]) =>
  Object.entries(joined(...records).contradictions).flatMap(([contradiction, count]) =>
    count === 0 ? [] : [`${contradiction} ${count}`],
  )

describe('joining records into sessions', () => {
  it.each<[string, ConnectionRecord[], string[]]>([
    ['an attempt and its reset', [begin('a', '8:00'), end('a', '8:00', '16:00')], ['a 23 08:00–23 16:00']],
    ['a reset before its attempt', [end('a', '8:00', '16:00'), begin('a', '8:00')], ['a 23 08:00–23 16:00']],
    [
      'every line three times',
      [begin('a', '8:00'), begin('a', '8:00'), end('a', '8:00', '9:00'), begin('a', '8:00'), end('a', '8:00', '9:00')],
      ['a 23 08:00–23 09:00'],
    ],
    ['a reset without its attempt', [end('a', '8:00', '16:00')], ['a 23 08:00–23 16:00 before']],
    ['an attempt without a reset', [begin('a', '8:00'), shownAt('9:30')], ['a 23 08:00–23 09:30 open']],
    [
      'an attempt without a reset, a minute less than a day old',
      [begin('a', '8:00'), shownAt('31:59')],
      ['a 23 08:00–24 07:59 open'],
    ],
    [
      'an attempt without a reset, a day old',
      [begin('a', '8:00'), shownAt('32:00')],
      ['a 23 08:00–23 08:00 last-update'],
    ],
    [
      'an attempt without a reset, with a later update',
      [begin('a', '8:00', { updatedAt: at('9:00') }), begin('a', '8:00'), shownAt('50:00')],
      ['a 23 08:00–23 09:00 last-update'],
    ],
    [
      'a reset that does not tell its end',
      [begin('a', '8:00'), end('a', '8:00', '9:00', { endedAt: undefined }), shownAt('9:30')],
      ['a 23 08:00–23 09:00 last-update'],
    ],
    [
      'an update later than the recorded end',
      [begin('a', '8:00', { updatedAt: at('10:00') }), end('a', '8:00', '9:00')],
      ['a 23 08:00–23 09:00'],
    ],
    ['an attempt that failed', [failed('a', '8:00')], []],
    [
      'a login in two steps, with the id of its session',
      [loginStep('a', '7:59'), loginStep('a', '8:00'), begin('a', '8:00'), end('a', '8:00', '9:00')],
      ['a 23 08:00–23 09:00'],
    ],
    [
      'sessions by their begin, then by id',
      [begin('c', '9:00'), begin('b', '8:00'), begin('a', '9:00'), shownAt('10:00')],
      ['b 23 08:00–23 10:00 open', 'a 23 09:00–23 10:00 open', 'c 23 09:00–23 10:00 open'],
    ],
    ['two starts', [begin('a', '8:00'), end('a', '8:30', '16:00')], ['a 23 08:30–23 16:00']],
    ['two ends', [end('a', '8:00', '16:00'), end('a', '8:00', '15:00')], ['a 23 08:00–23 15:00 before']],
    ['two users', [begin('a', '8:00'), end('a', '8:00', '16:00', { username: 'bob' })], []],
    ['two common names', [begin('a', '8:00'), end('a', '8:00', '16:00', { commonName: 'bob-laptop' })], []],
    ['two endpoints', [begin('a', '8:00'), end('a', '8:00', '16:00', { endpointId: 'cvpn-endpoint-2' })], []],
    [
      'one name in two spellings',
      [
        begin('a', '8:00', { username: 'Joe', commonName: 'joe' }),
        end('a', '8:00', '16:00', { username: 'joe', commonName: 'JOE' }),
      ],
      ['a 23 08:00–23 16:00'],
    ],
    [
      'the steps of a login and the reset, without the attempt',
      [loginStep('a', '7:59'), end('a', '8:00', '9:00')],
      ['a 23 08:00–23 09:00 before'],
    ],
    [
      'an open session, at the last record of its endpoint',
      [begin('a', '8:00'), begin('b', '9:00'), end('c', '10:00', '31:00', { endpointId: 'cvpn-endpoint-2' })],
      ['a 23 08:00–23 09:00 open', 'b 23 09:00–23 09:00 open', 'c 23 10:00–24 07:00 before'],
    ],
    [
      'a day counted at the last record of its endpoint',
      [begin('a', '8:00'), shownAt('9:00'), shownAt('50:00', { endpointId: 'cvpn-endpoint-2' })],
      ['a 23 08:00–23 09:00 open'],
    ],
    [
      'a failed attempt and a step of a login that are late',
      [begin('a', '8:00'), begin('b', '9:00'), failed('c', '90000:00'), loginStep('d', '90000:00')],
      ['a 23 08:00–23 09:00 open', 'b 23 09:00–23 09:00 open'],
    ],
    ['an end before the start', [begin('a', '8:00'), end('a', '8:00', '7:00')], []],
    ['no start', [end('a', '8:00', '9:00', { startedAt: undefined })], []],
    ['the reset of an attempt that failed', [end('a', '8:00', '8:00'), failed('a', '8:00')], []],
  ])('%s', (_case, records, sessions) => {
    expect(shown(...records)).toEqual(sessions)
  })

  it('counts the connections whose records disagree', () => {
    const records = [
      [begin('a', '8:00'), end('a', '8:30', '16:00'), end('a', '8:30', '15:00'), end('a', '8:30', '14:00')],
      [begin('b', '8:00'), end('b', '8:00', '16:00', { username: 'bob', commonName: 'bob-laptop' })],
      [begin('c', '8:00'), end('c', '8:00', '16:00', { endpointId: 'cvpn-endpoint-2' })],
      [begin('d', '8:00'), end('d', '8:00', '7:00')],
      [begin('e', '8:00', { startedAt: undefined })],
      [failed('f', '8:00'), end('f', '8:00', '8:00')],
      [begin('g', '8:00'), end('g', '8:00', '16:00', { username: undefined })],
    ].flat()
    const once = contradictions(...records)
    expect(once).toEqual([
      'two-starts 1',
      'two-ends 1',
      'two-users 1',
      'two-endpoints 1',
      'ends-before-start 1',
      'no-start 1',
      'no-session 1',
    ])
    expect(contradictions(...records, ...records.toReversed())).toEqual(once)
    expect(shown(...records)).toEqual(['g 23 08:00–23 16:00', 'a 23 08:30–23 14:00'])
  })

  it('takes names from the record that has them, and counters from the end', () => {
    const { sessions } = joined(
      begin('a', '8:00', { username: undefined, posture: ['compliant'] }),
      end('a', '8:00', '16:00', { commonName: undefined, ingressBytes: 7, egressBytes: 9 }),
      begin('b', '8:00', { posture: ['compliant'] }),
      end('b', '8:00', '17:00', { posture: ['quarantined'] }),
    )
    expect(sessions).toMatchObject([
      { username: 'alice', commonName: 'alice-laptop', ingressBytes: 7, egressBytes: 9, posture: ['compliant'] },
      { ingressBytes: undefined, egressBytes: undefined, posture: undefined },
    ])
  })

  it('tells of the time from the first to the last instant of its records', () => {
    const records = [end('a', '8:00', '16:00'), shownAt('17:00'), failed('b', '7:00'), failed('b', '90000:00')]
    expect(joined(...records)).toMatchObject({ from: at('8:00'), to: at('17:00') })
    expect(joined()).toMatchObject({ from: NEVER, to: -NEVER, sessions: [] })
  })
})
