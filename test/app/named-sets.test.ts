import { describe, expect, it } from 'vitest'
import { createNamedSets, type IsUser, isNamedBy } from '../../src/app/named-sets.ts'
import { partsOf } from '../../src/app/policy-set-text.ts'
import { hashOfText } from '../../src/config/bind/policy-set-hash.ts'

const isCarol: IsUser = ({ username, commonName }) => username === 'carol' || commonName === 'laptop-07'

const setOf = (...users: readonly unknown[]) =>
  JSON.stringify({ policies: [{ name: 'leavers', kind: 'banned-users', users }], groups: { staff: ['carol'] } })

const recordsOf = (text: string) =>
  partsOf(text).map((part, index) => ({
    ...part,
    seq: index + 1,
    time: '2026-12-01T08:00:00.000Z',
    event: 'policy-set',
    policySetHash: hashOfText(text),
  }))

const OF_STAFF = { policy: null, list: 'group:staff', entry: 'carol' }

describe('an entry of a list', () => {
  it.each([
    ['carol', true],
    ['user:carol', true],
    ['USER:carol', true],
    ['cn:carol', false],
    ['laptop-07', true],
    ['cn:laptop-07', true],
    ['user:laptop-07', false],
    ['caro?', false],
    ['*', false],
    ['group:carol', false],
  ])('"%s" names a person by user name or common name: %s', (entry, isNamed) => {
    expect(isNamedBy(entry, isCarol)).toBe(isNamed)
  })
})

describe('a policy set of the trail', () => {
  it('names a person with each entry, once for each set, without its text', () => {
    const sets = createNamedSets(isCarol)
    const entry = { pattern: 'user:carol', reason: 'left' }
    const [record] = recordsOf(setOf('mallory', entry))
    if (record === undefined) throw new Error('a text has a part')
    const { text: _text, ...others } = record
    const named = [{ policy: 'leavers', list: 'users', entry }, OF_STAFF]
    expect(sets.read(record)).toEqual({ ...others, named })
    expect(sets.read({ ...record, seq: 9 })).toBeUndefined()
    expect(sets.unread()).toEqual([])
  })

  it('is found in a text of several parts, also if some are there twice', () => {
    const sets = createNamedSets(isCarol)
    const [first, second, ...more] = recordsOf(setOf('x'.repeat(140_000)))
    if (first === undefined || second === undefined) throw new Error('a long text has two parts')
    expect(more).toEqual([])
    expect([first, first, second].map((record) => sets.read(record)?.named)).toEqual([undefined, undefined, [OF_STAFF]])
  })

  it('may name the person if its text is not whole or was changed', () => {
    const sets = createNamedSets(isCarol)
    const [first] = recordsOf(setOf('x'.repeat(140_000)))
    const [changed] = recordsOf(setOf('oscar'))
    if (first === undefined || changed === undefined) throw new Error('a text has a part')
    sets.read(first)
    sets.read({ ...changed, text: setOf('peter') })
    expect(sets.unread()).toEqual([first.policySetHash, changed.policySetHash])
  })
})
