import { expect, it } from 'vitest'
import { startCompany, until } from './replicas.ts'

const PEOPLE = 200
const RATE = { burst: 40, perSecond: 16 }
/** Calls in flight arrive nearer to each other than they left. */
const IN_FLIGHT = 8

it(`a takeover amid ${PEOPLE} calls: every call is followed, and the rate is kept across both replicas`, async () => {
  await using company = await startCompany({
    units: 1,
    rate: RATE,
    policies: `
version: 1
policies:
  - { name: leavers, kind: banned-users, users: ["leaver-*"], guard: off }
`,
    clients: () => [{ count: PEOPLE, name: 'leaver-{n}' }],
  })
  await company.migrate()
  const first = company.start('FIRST')
  await until(() => company.calls.length > 0)
  const second = company.start('SECOND')
  await until(() => second.lines.some(({ event }) => event === 'engine-joined'))
  await until(() => company.calls.length >= RATE.burst + 20)
  first.signal('SIGKILL')
  await until(() => company.active().length === 0)

  const outcomes = () =>
    company.cluster.sql<{ line: string }>(
      `select line from curfew.record where line like '%"event":"outcome"%' or line like '%"event":"gave-up"%' order by seq`,
    )
  const found = await until(async () => {
    const rows = await outcomes()
    return rows.length >= PEOPLE ? rows.map(({ line }) => JSON.parse(line) as Outcome) : undefined
  })
  await company.stopAll()
  expect(new Set(found.map(({ connectionId }) => connectionId)).size).toBe(PEOPLE)
  expect(found).toHaveLength(PEOPLE)
  expect(found.filter(({ outcome }) => outcome !== 'confirmed' && outcome !== 'already-gone')).toEqual([])

  expect(new Set(company.calls.map(({ connectionId }) => connectionId)).size).toBe(PEOPLE)
  const arrivals = company.calls.map(({ arrivedAt }) => arrivedAt)
  for (const [from, begin] of arrivals.entries()) {
    for (let to = from; to < arrivals.length; to++) {
      const allowed = RATE.burst + (RATE.perSecond * ((arrivals[to] ?? 0) - begin)) / 1000 + IN_FLIGHT
      expect(to - from + 1).toBeLessThanOrEqual(allowed)
    }
  }
  // The successor cannot know how much of the burst was used: it begins with none.
  const taken = (await company.grants()).at(-1)
  expect(taken?.key).toBe('SECOND')
  const bySecond = company.calls.filter(({ key }) => key === 'SECOND')
  expect(bySecond.length).toBeGreaterThan(IN_FLIGHT)
  for (const [index, { arrivedAt }] of bySecond.entries()) {
    expect(index + 1).toBeLessThanOrEqual((RATE.perSecond * (arrivedAt - (taken?.grantedAt ?? 0))) / 1000 + IN_FLIGHT)
  }
  expect(await company.mistakes()).toEqual([])
  expect(await company.brokenChains()).toEqual([])
})

interface Outcome {
  readonly connectionId: string
  readonly outcome?: string
}
