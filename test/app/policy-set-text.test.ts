import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { LONGEST_LINE_BYTES, lineOf } from '../../src/adapters/audit/audit-line.ts'
import { createPolicySetWriting, joinPolicySet, LONGEST_PART, partsOf } from '../../src/app/policy-set-text.ts'
import { policySetHash, policySetText } from '../../src/config/bind/policy-set-hash.ts'
import { NOON } from '../domain/build.ts'

const HEAD = { seq: Number.MAX_SAFE_INTEGER - 1, hash: '0'.repeat(64) }

/** A policy set with a list of users of this many UTF-16 units. */
const contentOf = (users: string) => ({
  policies: [{ name: 'leavers', kind: 'banned-users', usersFile: [users] }],
  groups: {},
  calendars: {},
  protect: undefined,
})

/** The record of each part, written as a line of the trail and read again. */
const linesOf = (content: ReturnType<typeof contentOf>) => {
  const hash = policySetHash(content)
  const lines = partsOf(policySetText(content)).map((part) =>
    lineOf({ time: NOON, event: 'policy-set', ...part, policySetHash: hash }, HEAD),
  )
  const records = lines.map((line) => JSON.parse(line.toString()) as { part: number; parts: number; text: string })
  return { hash, lines, records }
}

describe('the text of a policy set in the trail', () => {
  it('is the one that the hash is of, in any order of its parts and with parts that are there twice', () => {
    const characters = fc.constantFrom('a', '"', '\\', '\u200b', 'é', '🦉', '\u0001')
    fc.assert(
      fc.property(characters, fc.nat(3 * LONGEST_PART), fc.infiniteStream(fc.nat()), (character, length, dice) => {
        const content = contentOf(character.repeat(length))
        const { hash, records } = linesOf(content)
        const shuffled = [...records, ...records.slice(1)]
          .map((record) => ({ record, place: dice.next().value as number }))
          .sort((one, other) => one.place - other.place)
          .map(({ record }) => record)
        const joined = joinPolicySet(hash, shuffled)
        expect('content' in joined && policySetHash(joined.content)).toBe(hash)
      }),
      { numRuns: 10 },
    )
  })

  it.each(['a', '"', '\\', '\u200b', '\u0001', '🦉', '\u{e0001}'])(
    'fits into lines and is cut between characters: %j',
    (character) => {
      // With one more character before it, a character of two units lies across the end of a part.
      for (const before of character.length > 1 ? ['', 'a'] : ['']) {
        const { lines, records } = linesOf(contentOf(before + character.repeat(LONGEST_PART + 1)))
        expect(lines.length).toBeGreaterThan(1)
        expect(Math.max(...lines.map(({ length }) => length))).toBeLessThan(LONGEST_LINE_BYTES)
        expect(records.filter(({ text }) => /\p{Cs}/u.test(text))).toEqual([])
      }
    },
  )

  it('is reported as incomplete, or as another text', () => {
    const { hash, records } = linesOf(contentOf('a'.repeat(LONGEST_PART)))
    expect(joinPolicySet(hash, records.slice(1))).toEqual({ problem: 'incomplete' })
    expect(joinPolicySet(hash, [])).toEqual({ problem: 'incomplete' })
    const forged = records.map(({ text, ...rest }) => ({ ...rest, text: text.replace('leavers', 'nobody') }))
    expect(joinPolicySet(hash, forged)).toEqual({ problem: 'other-hash' })
  })

  it('is made once for all units that write the same set', () => {
    let read = 0
    const written = {
      get policies() {
        read++
        return []
      },
    }
    const texts = createPolicySetWriting()
    const first = texts.partsOf(written)
    const readForOne = read
    const parts = Array.from({ length: 100 }, () => texts.partsOf(written)).concat([first])
    expect(read).toBe(readForOne)
    expect(new Set(parts).size).toBe(1)
    expect(texts.partsOf(contentOf('another'))).toEqual(partsOf(policySetText(contentOf('another'))))
  })
})
