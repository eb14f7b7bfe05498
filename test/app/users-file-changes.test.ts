import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { LONGEST_LINE_BYTES, lineOf } from '../../src/adapters/audit/audit-line.ts'
import { namesInParts, usersFileChanges } from '../../src/app/users-file-changes.ts'
import { NOON } from '../domain/build.ts'

const changes = (before: Record<string, string[]>, after: Record<string, string[]>) =>
  usersFileChanges(new Map(Object.entries(before)), new Map(Object.entries(after)), NOON).map(
    ({ file, entries, added, removed }) => ({ file, entries, added, removed }),
  )

describe('an edit of the files of users', () => {
  it('adds and removes names, each once, whatever their order', () => {
    const [before, after] = [{ 'a.txt': ['alice', 'bob', 'bob'] }, { 'a.txt': ['carol', 'carol', 'alice'] }]
    expect(changes(before, after)).toEqual([{ file: 'a.txt', entries: 2, added: ['carol'], removed: ['bob'] }])
    expect(changes(before, { 'a.txt': ['bob', 'alice'] })).toEqual([])
  })

  it('removes all names of a file that no policy names any more, and adds those of a new one', () => {
    expect(changes({ 'a.txt': ['alice'] }, { 'b.txt': ['alice'] })).toEqual([
      { file: 'b.txt', entries: 1, added: ['alice'], removed: [] },
      { file: 'a.txt', entries: 0, added: [], removed: ['alice'] },
    ])
  })

  it('is in records that fit into lines and leave out no name', () => {
    const names = fc.tuple(fc.constantFrom('a', '\u200b', '"', '🦉'), fc.nat(60_000), fc.integer({ min: 1, max: 40 }))
    fc.assert(
      fc.property(names, names, (...lists) => {
        const [added = [], removed = []] = lists.map(([character, count, length]) =>
          Array.from({ length: count }, (_, index) => `${character.repeat(length)}${index}`),
        )
        const parts = namesInParts({ added, removed })
        expect(parts.flatMap((part) => part.added)).toEqual(added)
        expect(parts.flatMap((part) => part.removed)).toEqual(removed)
        for (const part of parts) {
          const record = { time: NOON, event: 'list-changed', file: 'a.txt', ...part, policySetHash: 'h' } as const
          expect(lineOf(record, { seq: 1, hash: 'h' }).length).toBeLessThan(LONGEST_LINE_BYTES)
        }
      }),
      { numRuns: 20 },
    )
  })
})
