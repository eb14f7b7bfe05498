import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { hits } from '../../src/domain/names/pattern.ts'
import {
  createUserList,
  type Principal,
  periodsOf,
  principalNamesOf,
  type UserEntry,
} from '../../src/domain/names/user-list.ts'
import { NEVER } from '../../src/domain/time/instant.ts'
import { entry } from './build.ts'

const names = fc.constantFrom('alice', 'ALICE', 'bob', 'bob@corp.example', 'carol', 'laptop-7')
const people = fc.record({
  username: fc.option(names, { nil: undefined }),
  commonName: fc.option(names, { nil: undefined }),
})
const sources = fc.constantFrom(
  'alice',
  'bob',
  '*',
  'user:alice',
  'cn:alice',
  'cn:laptop-*',
  '*@corp.example',
  'c?rol',
  'BOB',
)

/** A second implementation that compares each entry with each name. */
const naive = (entries: readonly UserEntry[], bare: 'either' | 'principal', principal: Principal) =>
  entries.filter(({ pattern }) => {
    const both =
      bare === 'either' ? [principal.username, principal.commonName] : [principal.username ?? principal.commonName]
    const compared =
      pattern.field === 'username'
        ? [principal.username]
        : pattern.field === 'commonName'
          ? [principal.commonName]
          : both
    return compared.some((name) => name !== undefined && hits(pattern, name))
  })

describe('a list of users', () => {
  it('finds the same entries as a comparison with each of them, in their order', () => {
    fc.assert(
      fc.property(
        fc.array(sources, { maxLength: 8 }),
        fc.constantFrom('either' as const, 'principal' as const),
        people,
        (written, bare, named) => {
          const entries = written.map((source) => entry(source))
          const principal = principalNamesOf(named)
          expect(createUserList(entries, bare).find(principal)).toEqual(naive(entries, bare, principal))
        },
      ),
      { numRuns: 1000 },
    )
  })

  it('finds no entry for a connection without a name', () => {
    const nameless = principalNamesOf({ username: undefined, commonName: undefined })
    expect(createUserList([entry('*')], 'either').find(nameless)).toEqual([])
  })
})

describe('the periods of entries', () => {
  const bound = fc.option(fc.integer({ min: 0, max: 20 }), { nil: undefined })

  it('cover exactly the instants that an entry covers, and never touch each other', () => {
    fc.assert(
      fc.property(fc.array(fc.record({ from: bound, until: bound }), { maxLength: 6 }), (written) => {
        const periods = periodsOf(written.map((times) => entry('alice', times)))
        for (let at = -1; at <= 21; at += 0.5) {
          const covered = written.some(({ from, until }) => (from ?? -NEVER) <= at && at < (until ?? NEVER))
          expect(periods.some(({ from, until }) => from <= at && at < until)).toBe(covered)
        }
        periods.slice(1).forEach((period, index) => expect(period.from).toBeGreaterThan(periods[index]?.until ?? NEVER))
      }),
    )
  })
})
