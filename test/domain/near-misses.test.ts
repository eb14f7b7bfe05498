import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Connection } from '../../src/domain/connection.ts'
import { fold } from '../../src/domain/names/fold.ts'
import { differsByTypingError } from '../../src/domain/names/typing-error.ts'
import { principalNamesOf, type UserEntry } from '../../src/domain/names/user-list.ts'
import { createNearMisses, nearMissOfEntry } from '../../src/domain/policies/near-misses.ts'
import type { Policy, Selector } from '../../src/domain/policies/policy.ts'
import { createUserLists } from '../../src/domain/policies/user-lists.ts'
import { MINUTE } from '../../src/domain/time/instant.ts'
import { slowRuns } from '../fuzz-runs.ts'
import { connection, entry, judged, NOON, PLACE, policy } from './build.ts'
import { createEndpoint } from './endpoint.ts'
import { imagine } from './imagine.ts'

const ban = (...users: string[]) => policy('banned-users', { users })
const aged = (different: Partial<Policy>) => policy('max-session-age', { maxAge: '8h' }, different)
const select = (different: Partial<Selector>): Selector => ({
  users: undefined,
  endpoints: undefined,
  regions: undefined,
  ...different,
})

const user = (username: string, commonName?: string) => connection({ username, commonName })

const nearMissesOf = (policies: readonly Policy[], protect: readonly UserEntry[]) => {
  const ofPrincipal = createNearMisses(createUserLists(policies, protect)).at(PLACE)
  return (who: Connection) => ofPrincipal(principalNamesOf(who))
}

/** The entries that a connection resembles, with their lists. */
const found = (policies: readonly Policy[], who = user('alice'), protect: readonly string[] = []) =>
  nearMissesOf(
    policies,
    protect.map((source) => entry(source)),
  )(who).map((nearMiss) => `${nearMiss.list} ${nearMiss.entry}`)

/** The effect of a ban of `written` on a user who signs in as `name`. */
const effectOf = (written: string, name: string): 'hit' | 'hint' | 'neither' => {
  const banned = ban(written)
  if (judged(banned, user(name)).word === 'violated') return 'hit'
  return found([banned], user(name)).length > 0 ? 'hint' : 'neither'
}

describe('the spellings of a name', () => {
  it.each([
    ['MALLORY', 'hit'],
    ['mallory ', 'hit'],
    ['\u00a0mallory\u3000', 'hit'],
    ['mal\u200blory', 'hit'],
    ['mal\u00adlory\u2060', 'hit'],
    ['\u202emallory', 'hit'],
    ['ｍａｌｌｏｒｙ', 'hit'],
    ['𝓂allory', 'hit'],
    ['màllory', 'hint'],
    ['ma\u0300llory', 'hint'],
    ['mаllory', 'hint'],
    ['МАLLОRУ', 'hint'],
    ['maIlory', 'hint'],
    ['ma11ory', 'hint'],
    ['mall0ry', 'hint'],
    ['CORP\\mallory', 'hint'],
    ['mаllory@corp.example', 'hint'],
    ['malory', 'hint'],
    ['mallroy', 'hint'],
    ['mal lory', 'hint'],
    ['mallory2', 'neither'],
    ['marlow', 'neither'],
  ] as const)('%j is to a ban of mallory: %s', (name, effect) => {
    expect(effectOf('mallory', name)).toBe(effect)
  })

  it.each([
    ['straße', 'STRASSE', 'hit'],
    ['οδυσσεύς', 'ΟΔΥΣΣΕΎΣ', 'hit'],
    ['oﬃce', 'office', 'hit'],
    ['\u212bngström', 'ångström', 'hit'],
    ['admin', 'admın', 'hint'],
    ['mallory@corp.example', 'mallory', 'hint'],
    ['CORP\\mallory', 'mallory', 'hint'],
    ['mallory@corp.example', 'malory@corp.example', 'hint'],
    ['mallory@corp.example', 'mallory@corp.exmaple', 'hint'],
    ['mary.jane', 'mary_jane', 'hint'],
    ['ext-01', 'ext-02', 'neither'],
    ['ext-1', 'ext-11', 'neither'],
    ['j.smith@corp.example', 'k.smith@corp.example', 'neither'],
    ['anna@corp.example', 'hanna@corp.example', 'neither'],
    ['laptop-a', 'laptop-b', 'neither'],
    ['mallory@corp.example', 'mallory@vendor.example', 'neither'],
    ['*@corp.exmaple', 'mallory@corp.example', 'neither'],
  ] as const)('%j is to %j: %s', (written, name, effect) => {
    expect(effectOf(written, name)).toBe(effect)
  })
})

describe('a near miss', () => {
  it('is found in each list of users, once for a list', () => {
    const everywhere = aged({
      match: select({ users: [entry('CORP\\alice'), entry('alic\u0435')] }),
      exempt: select({ users: [entry('alice@corp.example')] }),
    })
    expect(found([everywhere])).toEqual(['match alic\u0435'])
    expect(found([{ ...everywhere, match: undefined }])).toEqual(['exempt alice@corp.example'])
    expect(found([ban('CORP\\alice', 'alice@corp.example')])).toEqual(['users CORP\\alice'])
    expect(found([], user('alice'), ['ALICE@corp.example'])).toEqual(['protect ALICE@corp.example'])
  })

  it('is none where another entry of the list matches, or where the connection is exempt', () => {
    expect(found([ban('CORP\\alice', 'ali*')])).toEqual([])
    expect(found([{ ...ban('CORP\\alice'), exempt: select({ users: [entry('alice')] }) }])).toEqual([])
    expect(found([ban('CORP\\alice')], user('alice'), ['alice'])).toEqual([])
  })

  it('is none where the policy does not apply', () => {
    const elsewhere = select({ regions: [entry('us-east-1')] })
    expect(found([{ ...ban('CORP\\alice'), match: elsewhere }])).toEqual([])
    expect(found([{ ...ban('CORP\\alice'), match: select({ users: [entry('bob')] }) }])).toEqual([])
    expect(found([aged({ match: { ...elsewhere, users: [entry('CORP\\alice')] } })])).toEqual([])
    expect(found([aged({ exempt: { ...elsewhere, users: [entry('CORP\\alice')] } })])).toEqual([])
  })

  it('compares an entry with the names that it is compared with otherwise', () => {
    const borrowed = user('mallory', 'CORP\\alice')
    expect(found([ban('alice')], borrowed)).toEqual(['users alice'])
    expect(found([ban('user:alice')], borrowed)).toEqual([])
    expect(found([ban('cn:alice')], borrowed)).toEqual(['users cn:alice'])
    expect(found([aged({ exempt: select({ users: [entry('alice')] }) })], borrowed)).toEqual([])
  })

  it('is none where a name is only the domain of an entry, which thousands of entries share', () => {
    expect(found([ban('mallory@corp.example')], user('dave', 'corp.example'))).toEqual([])
    expect(found([ban('CORP\\mallory')], user('corp'))).toEqual([])
    expect(found([ban('corp.example')], user('dave@corp.example'))).toEqual(['users corp.example'])
  })

  it('is one for an entry, with the number of users, however many it resembles', () => {
    const names = ['alice', 'bob', 'carol'].map((name) => `${name}@corp.example`)
    const rows = [...names, 'ALICE@corp.example ', 'dave'].map((name) => user(name))
    const { decisions } = imagine([ban('corp.example')], rows).judgement
    expect(
      [...(decisions?.nearMisses ?? [])].map(([nearMiss, found]) => nearMissOfEntry(nearMiss, found)),
    ).toMatchObject([{ entry: 'corp.example', list: 'users', users: 3, example: { username: 'alice@corp.example' } }])
  })
})

describe('a list of which many entries are near misses', () => {
  const people = Array.from({ length: 100 }, (_, index) => `person-${String.fromCharCode(97 + (index % 26))}${index}`)
  const connected = people.map((name) => user(`${name}@corp.example`))

  it('is 20 reports, and then one with the number of the others', () => {
    const leavers = ban(...people)
    const exempt = aged({ exempt: select({ users: people.slice(0, 5).map((name) => entry(name)) }) })
    const endpoint = createEndpoint([leavers, exempt])
    const newsAt = (users: number, minute: number) => {
      const news = endpoint.see(connected.slice(0, users), NOON + minute * MINUTE).news
      return news.flatMap((one) => {
        if (one.what === 'near-miss') return [`${one.nearMiss.list} ${one.nearMiss.entry}`]
        return one.what === 'more-near-misses' ? [`${one.list}: ${one.entries} more`] : []
      })
    }
    const inUsers = people.map((name) => `users ${name}`)
    expect(newsAt(3, 0).filter((line) => line.startsWith('users'))).toEqual(inUsers.slice(0, 3))
    expect(newsAt(3, 1)).toEqual([])
    const second = newsAt(90, 2)
    expect(second.filter((line) => line.startsWith('users'))).toEqual([...inUsers.slice(3, 20), 'users: 70 more'])
    expect(second.filter((line) => line.startsWith('exempt'))).toHaveLength(2)
    expect(newsAt(100, 3)).toEqual([])
    endpoint.memory.policiesChanged()
    expect(newsAt(100, 4)).toHaveLength(20 + 1 + 5)
  })
})

describe('a search for near misses', () => {
  it('reads few entries, however many of one user it has', () => {
    let reads = 0
    const counted = (source: string): UserEntry => {
      const { pattern, ...rest } = entry(source)
      return {
        ...rest,
        get pattern() {
          reads++
          return pattern
        },
      }
    }
    const others = Array.from({ length: 2_000 }, (_, index) => counted(`cn:vpn@host${index}.example`))
    const many = [...others, counted('user:vpn@corp.example')]
    const resembledBy = nearMissesOf(
      [aged({ match: select({ users: many }) }), aged({ match: select({ users: [entry('bob')] }) })],
      [entry('carol')],
    )
    const search = (commonName: string) => resembledBy(user('vpn', commonName))
    search('laptop-0')
    reads = 0
    for (let index = 1; index <= 10; index++) {
      expect(search(`laptop-${index}`)).toMatchObject([{ entry: 'user:vpn@corp.example' }])
    }
    expect(reads).toBeLessThan(100)
  })
})

/** Every name that one typing error makes of a name. */
const typedWrongly = (name: string, alphabet: readonly string[]): ReadonlySet<string> => {
  const wrong = new Set<string>()
  for (let at = 0; at <= name.length; at++) {
    const [before, here, next, after] = [name.slice(0, at), name[at], name[at + 1], name.slice(at + 1)]
    for (const letter of alphabet) {
      wrong.add(before + letter + name.slice(at))
      if (here !== undefined) wrong.add(before + letter + after)
    }
    if (here !== undefined) wrong.add(before + after)
    if (here !== undefined && next !== undefined) wrong.add(before + next + here + name.slice(at + 2))
  }
  wrong.delete(name)
  return wrong
}

describe('a typing error', () => {
  const alphabet = ['a', 'b', 'c']
  const word = fc.array(fc.constantFrom(...alphabet), { minLength: 5, maxLength: 8 }).map((letters) => letters.join(''))

  it('is found between two words exactly where one error makes the one of the other', () => {
    let errors = 0
    fc.assert(
      fc.property(word, word, fc.nat(), (one, any, at) => {
        const wrong = typedWrongly(one, alphabet)
        const near = [...wrong].filter(({ length }) => length >= 5)[at % wrong.size]
        for (const other of near === undefined ? [any] : [any, near]) {
          expect(differsByTypingError(one, other)).toBe(wrong.has(other))
          expect(differsByTypingError(other, one)).toBe(wrong.has(other))
          const isHint = found([ban(one)], user(other)).length > 0
          expect(isHint).toBe(wrong.has(other))
          if (isHint) errors++
        }
      }),
      { numRuns: slowRuns(500) },
    )
    expect(errors).toBeGreaterThan(slowRuns(400))
  })

  it('changes no digit', () => {
    fc.assert(
      fc.property(word, fc.nat(999), fc.nat(999), (name, one, other) => {
        expect(differsByTypingError(fold(`${name}${one}`), fold(`${name}${other}`))).toBe(false)
      }),
    )
  })
})

describe('the indexing of entries for near misses', () => {
  const set = () => createNearMisses(createUserLists([ban('mallory', 'trudy', 'carol', 'oscar', 'ext-*')], []))
  const missesOf = (misses: ReturnType<typeof set>) =>
    ['mallroy', 'Trudy@corp.example', 'carol', 'nobody'].map((name) =>
      misses
        .at(PLACE)(principalNamesOf({ username: name, commonName: undefined }))
        .map(({ entry: missed }) => missed),
    )

  it('takes two steps for each name, which may be made one by one', () => {
    const misses = set()
    const left: number[] = []
    while (misses.indexing.left() > 0) {
      left.push(misses.indexing.left())
      misses.indexing.advance(1)
    }
    expect(left).toEqual([8, 7, 6, 5, 4, 3, 2, 1])
    expect(missesOf(misses)).toEqual([['mallory'], ['trudy'], [], []])
  })

  it.each([0, 1, 4, 5, 7, 100])('is completed by the first question, whatever is left after %d steps', (steps) => {
    const misses = set()
    misses.indexing.advance(steps)
    expect(missesOf(misses)).toEqual([['mallory'], ['trudy'], [], []])
    expect(misses.indexing.left()).toBe(0)
  })
})
