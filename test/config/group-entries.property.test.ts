import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { loadConfiguration } from '../../src/config/load.ts'
import { NO_HISTORY } from '../../src/domain/judge/memory.ts'
import { judge } from '../../src/domain/judge/verdict.ts'
import { createPolicySet } from '../../src/domain/policies/policy-set.ts'
import { HOUR, type Instant, MINUTE, NEVER } from '../../src/domain/time/instant.ts'
import { connection, NOON, PLACE } from '../domain/build.ts'
import { fuzzRuns } from '../fuzz-runs.ts'
import { memoryFiles } from './memory-files.ts'

interface Written {
  readonly pattern: string
  readonly from?: Instant | undefined
  readonly until?: Instant | undefined
}

const iso = (at: Instant | undefined) => (at === undefined ? undefined : new Date(at).toISOString())
const asYaml = ({ pattern, from, until }: Written) => JSON.stringify({ pattern, from: iso(from), until: iso(until) })

/** Minutes around noon, so that entries often touch, overlap, or begin and end together. */
const minute = fc.integer({ min: -4, max: 4 }).map((minutes) => NOON + minutes * MINUTE)
const written = (pattern: fc.Arbitrary<string>) =>
  fc
    .record({ pattern, from: minute, until: minute }, { requiredKeys: ['pattern'] })
    .filter(({ from = -NEVER, until = NEVER }) => from < until)
const members = fc.array(written(fc.constantFrom('alice', 'al*', 'user:alice', 'bob')), { minLength: 1, maxLength: 4 })
const naming = written(fc.constant('group:team'))

const isIn = ({ from = -NEVER, until = NEVER }: Written, at: Instant) => from <= at && at < until
const isMember = (team: readonly Written[], at: Instant) => team.some((one) => one.pattern !== 'bob' && isIn(one, at))

const CURFEW = 'version: 1\npolicies: [./policies.yaml]\nwatch: [{ region: eu-central-1, discover: all }]\n'
const AGE = 'name: age, kind: max-session-age, maxAge: 8h'

/** Each place that takes a group: the files, and the word that follows from whether alice belongs to the group. */
const PLACES = {
  match: {
    curfew: () => CURFEW,
    policy: () => `{ ${AGE}, match: { users: ["group:team"] } }`,
    word: (isNamed: boolean) => (isNamed ? 'violated' : 'not-matched'),
    isTimed: false,
  },
  exempt: {
    curfew: () => CURFEW,
    policy: (by: Written) => `{ ${AGE}, exempt: { users: [${asYaml({ ...by, from: undefined })}] } }`,
    word: (isNamed: boolean) => (isNamed ? 'exempt' : 'violated'),
    isTimed: true,
  },
  protect: {
    curfew: (by: Written) => `${CURFEW}protect: { users: [${asYaml({ ...by, from: undefined })}] }\n`,
    policy: () => `{ ${AGE} }`,
    word: (isNamed: boolean) => (isNamed ? 'exempt' : 'violated'),
    isTimed: true,
  },
  ban: {
    curfew: () => CURFEW,
    policy: (by: Written) => `{ name: ban, kind: banned-users, users: [${asYaml(by)}] }`,
    word: (isNamed: boolean) => (isNamed ? 'violated' : 'fine'),
    isTimed: true,
  },
} as const

describe('an entry of a group', () => {
  it.each(Object.entries(PLACES))(
    'holds only from `from` until before `until` in %s',
    (place, { curfew, policy, word, isTimed }) => {
      fc.assert(
        fc.property(members, naming, fc.integer({ min: -1, max: 1 }), (team, by, shift) => {
          const text = `version: 1\ngroups: { team: [${team.map(asYaml).join(', ')}] }\npolicies: [${policy(by)}]\n`
          const files = memoryFiles({ 'curfew.yaml': curfew(by), 'policies.yaml': text })
          const { configuration, problems } = loadConfiguration(files, 'curfew.yaml')
          expect(problems).toEqual([])
          if (configuration === undefined) throw new Error('no configuration')
          const set = createPolicySet(configuration.policies, configuration.protect)
          const row = connection({ establishedAt: NOON - 24 * HOUR })
          const own = place === 'ban' ? by : { ...by, from: -NEVER }
          const isNamed = (at: Instant) => isMember(team, at) && (!isTimed || isIn(own, at))

          for (let minutes = -5; minutes <= 5; minutes++) {
            const at = NOON + minutes * MINUTE + shift
            const [applicability] = set.everyApplicability(PLACE)(row)
            if (applicability === undefined) throw new Error('no applicability')
            const verdict = judge(applicability, row, NO_HISTORY, at)
            expect(verdict.word).toBe(word(isNamed(at)))
            const later = Array.from({ length: 12 }, (_, index) => NOON + (index - 5) * MINUTE).filter(
              (one) => one > at,
            )
            expect(verdict.nextAt).toBe(later.find((one) => isNamed(one) !== isNamed(at)) ?? NEVER)
          }
        }),
        { numRuns: fuzzRuns(40) },
      )
    },
  )
})
