import { expect, it } from 'vitest'
import { endLines } from '../../src/cli/end-rows.ts'
import { HOUR } from '../../src/domain/time/instant.ts'
import { recordingOf, replay, session } from '../domain/backtest/build.ts'
import { NOON, policy } from '../domain/build.ts'

it('a name that a terminal would obey is escaped in the lines of --cuts, and parses to itself', () => {
  const username = 'eve\u009b31m\u202e\u{e0001}\n"'
  const recording = recordingOf([session({ username, endedAt: NOON + 2 * HOUR })])
  const { cuts } = replay([policy('max-session-age', { maxAge: '1h' })], recording)
  const text = [...endLines(cuts)].join('')
  expect(text).toMatch(/^[ -~]+\n$/)
  expect(JSON.parse(text)).toMatchObject({ username })
})
