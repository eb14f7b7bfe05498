import { differenceOf } from '../../../src/domain/backtest/difference.ts'
import { summaryOf } from '../../../src/domain/backtest/summary.ts'
import { createPolicySet } from '../../../src/domain/policies/policy-set.ts'
import type { RecordedSession } from '../../../src/domain/recording/recorded-session.ts'
import { DAY, HOUR, MINUTE } from '../../../src/domain/time/instant.ts'
import { replay, session } from '../../domain/backtest/build.ts'
import { recording as recordingOf } from '../../domain/backtest/recorded.ts'
import { policy } from '../../domain/build.ts'

/** Names that run as a script, or turn the direction of the text, where one letter is not escaped. */
export const HOSTILE = [
  `"><img src=x onerror="document.title='run'">`,
  `</script><script>document.title='run'</script>`,
  `</title></svg><svg onload="document.title='run'">`,
  'gnol-\u202eexe',
] as const

/** Policies whose long names differ in one letter, near the end. */
const LONG_NAMES = ['north', 'south'].map(
  (where) => `contractors-of-the-second-warehouse-in-the-${where}-of-the-country`,
)

const FROM = Date.parse('2026-10-12T00:00:00Z')
const DAYS = 21

/** Three weeks, in the second of which the clocks of Berlin change. `people`: how many of them have honest names. */
export const recordedWeeks = (people = 12) => {
  const sessions: RecordedSession[] = []
  const add = (username: string, establishedAt: number, lengthMs: number) =>
    sessions.push(session({ username, establishedAt, endedAt: establishedAt + lengthMs }))
  const names = [...HOSTILE, ...Array.from({ length: people }, (_, index) => `person-${index}@corp.example`)]
  for (const [index, name] of names.entries()) {
    for (let day = 0; day < DAYS; day += 1 + (index % 3)) {
      add(name, FROM + day * DAY + (6 + (index % 4)) * HOUR, (4 + ((index + day) % 9)) * HOUR)
    }
  }
  for (let minute = 0; minute < 90; minute++) add('mallory', FROM + 10 * DAY + 8 * HOUR + minute * MINUTE, MINUTE / 2)
  const set = createPolicySet(
    [
      policy('banned-users', { users: ['mallory'] }, { name: `leavers ${HOSTILE[0]}` }),
      policy('max-session-age', { maxAge: '9h' }, { name: 'daily' }),
      policy(
        'off-hours',
        { timeZone: 'Europe/Berlin', allowed: [{ days: 'mon-fri', hours: '07:30-18:30' }] },
        { name: 'office-hours' },
      ),
      ...LONG_NAMES.map((name, index) => policy('banned-users', { users: [`person-${index}@corp.example`] }, { name })),
      policy('posture', { require: ['managed'] }, { name: 'managed-devices' }),
    ],
    [],
  )
  const recording = {
    ...recordingOf(sessions),
    from: FROM,
    to: FROM + DAYS * DAY,
    contradictions: { ...recordingOf([]).contradictions, 'two-users': 3 },
  }
  const outcome = replay(set, recording)
  const difference = differenceOf(outcome, replay(set.policies.slice(0, 2), recording))
  const summary = summaryOf({
    recording,
    outcome,
    scope: { modes: 'all', endpoints: null, notWatched: 0 },
    lines: {
      read: 2 * sessions.length + 1,
      understood: 2 * sessions.length,
      failed: 1,
      firstFailed: [{ file: HOSTILE[0], line: 7, problem: HOSTILE[1] }],
    },
    rate: { burst: 4, perSecond: 1 },
    budgetOf: () => 'one',
    against: difference.totals,
  })
  return { recording, outcome, summary, difference, set, madeAt: FROM + DAYS * DAY, version: '0.1.0' }
}
