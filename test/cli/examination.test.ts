import { expect, it } from 'vitest'
import { createExamination, NOTHING } from '../../src/cli/doctor/examination.ts'
import { failed, ok } from '../../src/cli/doctor/finding.ts'
import { SECOND } from '../../src/domain/time/instant.ts'
import { createManualClock } from '../app/manual-clock.ts'

const LIMIT_MS = 28 * SECOND

const statesOf = async ({ findings }: ReturnType<typeof createExamination>) =>
  new Map((await findings()).map(({ name, finding }) => [name, finding]))

it('a check that does not answer fails when the time for all checks is over, and ends the others', async () => {
  const clock = createManualClock(0)
  const examination = createExamination(clock, LIMIT_MS)
  let stopped: AbortSignal | undefined
  const hanging = examination.check(NOTHING, {
    name: 'network',
    ask: (_needed, signal) => {
      stopped = signal
      return new Promise<never>(() => {})
    },
  })
  void examination.check(hanging, { name: 'credentials', ask: async () => ({ finding: ok('never asked') }) })
  await clock.advance(LIMIT_MS)
  const found = await statesOf(examination)
  expect(found.get('network')).toMatchObject({ state: 'failed', found: 'no answer' })
  expect(found.get('credentials')).toEqual({ state: 'not-checked', because: 'it needs network' })
  expect(stopped?.aborted).toBe(true)
})

it('a check names the first of those that it needs, not one in between that was not made', async () => {
  const examination = createExamination(createManualClock(0), LIMIT_MS)
  const fault = { found: 'nothing', expected: 'something', advice: 'look' }
  const first = examination.check(NOTHING, {
    name: 'network',
    subject: 'EC2',
    ask: async () => ({ finding: failed(fault) }),
  })
  const second = examination.check(first, { name: 'credentials', ask: async () => ({ finding: ok('') }) })
  void examination.check(second, { name: 'endpoints', ask: async () => ({ finding: ok('') }) })
  const found = await statesOf(examination)
  for (const name of ['credentials', 'endpoints'] as const) {
    expect(found.get(name)).toEqual({ state: 'not-checked', because: 'it needs network (EC2)' })
  }
})

it('an exception is a finding', async () => {
  const examination = createExamination(createManualClock(0), LIMIT_MS)
  void examination.check(NOTHING, { name: 'state', ask: () => Promise.reject(new TypeError('not expected')) })
  expect((await statesOf(examination)).get('state')).toMatchObject({ state: 'failed' })
})
