import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { hits } from '../../src/domain/names/pattern.ts'
import { createUserList, type Person, periodsOf, personOf, type UserEntry } from '../../src/domain/names/user-list.ts'
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

/** One entry at a time, one name at a time. */
const naive = (entries: readonly UserEntry[], bare: 'either' | 'principal', person: Person) =>
  entries.filter(({ pattern }) => {
    const both = bare === 'either' ? [person.username, person.commonName] : [person.username ?? person.commonName]
    const looked =
      pattern.field === 'username' ? [person.username] : pattern.field === 'commonName' ? [person.commonName] : both
    return looked.some((name) => name !== undefined && hits(pattern, name))
  })

describe('a list of users', () => {
  it('finds whom a walk over all entries finds, in their order', () => {
    fc.assert(
      fc.property(
        fc.array(sources, { maxLength: 8 }),
        fc.constantFrom('either' as const, 'principal' as const),
        people,
        (written, bare, who) => {
          const entries = written.map((source) => entry(source))
          const person = personOf(who)
          expect(createUserList(entries, bare).find(person)).toEqual(naive(entries, bare, person))
        },
      ),
      { numRuns: 1000 },
    )
  })

  it('finds nobody where there is no name', () => {
    const nobody = personOf({ username: undefined, commonName: undefined })
    expect(createUserList([entry('*')], 'either').find(nobody)).toEqual([])
  })
})

describe('the spans of entries', () => {
  const bound = fc.option(fc.integer({ min: 0, max: 20 }), { nil: undefined })

  it('cover an instant exactly if an entry does, and never touch each other', () => {
    fc.assert(
      fc.property(fc.array(fc.record({ from: bound, until: bound }), { maxLength: 6 }), (written) => {
        const spans = periodsOf(written.map((times) => entry('alice', times)))
        for (let at = -1; at <= 21; at += 0.5) {
          const covered = written.some(({ from, until }) => (from ?? -NEVER) <= at && at < (until ?? NEVER))
          expect(spans.some(({ from, until }) => from <= at && at < until)).toBe(covered)
        }
        spans.slice(1).forEach((span, index) => expect(span.from).toBeGreaterThan(spans[index]?.until ?? NEVER))
      }),
    )
  })
})
