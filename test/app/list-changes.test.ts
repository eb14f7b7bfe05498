import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { LONGEST_LINE_BYTES, lineOf } from '../../src/adapters/audit/audit-line.ts'
import { listChanges, namesInParts } from '../../src/app/list-changes.ts'
import { NOON } from '../domain/build.ts'
import { fuzzRuns } from '../fuzz-runs.ts'

const ban = (written: object) => ({ policies: [{ name: 'leavers', kind: 'banned-users', ...written }] })

describe('an edit of the lists of users', () => {
  it('adds and removes names, each once, whatever their order', () => {
    const [before, after] = [ban({ users: ['alice', 'bob', 'bob'] }), ban({ users: ['carol', 'carol', 'alice'] })]
    expect(listChanges(before, after)).toEqual([
      { policy: 'leavers', list: 'users', entries: 2, added: ['carol'], removed: ['bob'] },
    ])
    expect(listChanges(before, ban({ users: ['bob', 'alice'] }))).toEqual([])
  })

  it('is the same in a file: a name that moves into one is neither added nor removed', () => {
    const before = ban({ users: ['alice', 'bob'] })
    expect(listChanges(before, ban({ users: ['bob'], usersFile: ['alice'] }))).toEqual([])
    expect(listChanges(before, ban({ users: ['bob'], usersFile: ['mallory'] }))).toMatchObject([
      { added: ['mallory'], removed: ['alice'] },
    ])
  })

  it('is found in every list: of a rule, match, exempt, a group and protect', () => {
    const at = (name: string) => ({
      policies: [
        { name: 'daily', kind: 'max-session-age', match: { users: [`m-${name}`] }, exempt: { users: [`e-${name}`] } },
        { name: 'leavers', kind: 'banned-users', users: [{ pattern: `u-${name}`, until: '2027-01-01T00:00:00Z' }] },
      ],
      groups: { contractors: [`g-${name}`] },
      protect: { users: [{ pattern: `p-${name}`, reason: 'rota' }] },
    })
    const found = listChanges(at('old'), at('new')).map(({ policy, list, added, removed }) => [
      policy,
      list,
      ...added,
      ...removed,
    ])
    expect(found).toEqual([
      ['daily', 'match', 'm-new', 'm-old'],
      ['daily', 'exempt', 'e-new', 'e-old'],
      ['leavers', 'users', 'u-new', 'u-old'],
      [undefined, 'group:contractors', 'g-new', 'g-old'],
      [undefined, 'protect', 'p-new', 'p-old'],
    ])
  })

  it('is no edit of an entry whose dates or reason change', () => {
    const entry = (until: string) => ban({ users: [{ pattern: 'alice', until }] })
    expect(listChanges(entry('2027-01-01T00:00:00Z'), entry('2027-02-01T00:00:00Z'))).toEqual([])
    expect(listChanges(entry('2027-01-01T00:00:00Z'), ban({ users: ['alice'] }))).toEqual([])
  })

  it('removes all names of a policy that is deleted, and adds those of a new one', () => {
    const other = { policies: [{ name: 'vendors', kind: 'banned-users', users: ['alice'] }] }
    expect(listChanges(ban({ usersFile: ['alice'] }), other)).toEqual([
      { policy: 'vendors', list: 'users', entries: 1, added: ['alice'], removed: [] },
      { policy: 'leavers', list: 'users', entries: 0, added: [], removed: ['alice'] },
    ])
  })

  it('leads from the names before to the names after, for any two lists', () => {
    const names = fc.array(fc.constantFrom('alice', 'bob', 'carol', '__proto__', 'toString'))
    fc.assert(
      fc.property(names, names, (before, after) => {
        const [change] = listChanges(ban({ usersFile: before }), ban({ usersFile: after }))
        const kept = before.filter((name) => !(change?.removed ?? []).includes(name))
        expect(new Set([...kept, ...(change?.added ?? [])])).toEqual(new Set(after))
      }),
    )
  })

  it('is in records that fit into lines and leave out no name', () => {
    const RUNS = fuzzRuns(20)
    // The greatest list needs four lines.
    const names = fc.tuple(fc.constantFrom('a', '\u200b', '"', '🦉'), fc.nat(10_000), fc.integer({ min: 1, max: 40 }))
    // A text is compared at once, a list name by name.
    const lines = (list: readonly string[]) => list.join('\n')
    let [split, longest] = [0, 0]
    fc.assert(
      fc.property(names, names, (...lists) => {
        const [added = [], removed = []] = lists.map(([character, count, length]) =>
          Array.from({ length: count }, (_, index) => `${character.repeat(length)}${index}`),
        )
        const parts = namesInParts({ added, removed })
        expect(lines(parts.flatMap((part) => part.added))).toBe(lines(added))
        expect(lines(parts.flatMap((part) => part.removed))).toBe(lines(removed))
        for (const part of parts) {
          const record = {
            time: NOON,
            event: 'list-changed',
            policy: undefined,
            list: 'protect',
            ...part,
            policySetHash: 'h',
          } as const
          const { length } = lineOf(record, { seq: 1, hash: 'h' })
          expect(length).toBeLessThan(LONGEST_LINE_BYTES)
          longest = Math.max(longest, length)
        }
        if (parts.length > 2) split++
      }),
      { numRuns: RUNS },
    )
    expect([split > RUNS / 8, longest > LONGEST_LINE_BYTES / 2]).toEqual([true, true])
  })
})
