import { describe, expect, it } from 'vitest'
import { requestOf } from '../../../src/domain/door/request.ts'
import { doorHitsOf } from '../../../src/domain/names/door-pattern.ts'
import { parseTextPattern } from '../../../src/domain/names/text-pattern.ts'
import { REQUESTS, request } from './requests.ts'

const patternOf = (source: string) => {
  const parsed = parseTextPattern(source)
  if ('problem' in parsed) throw new Error(parsed.problem)
  return parsed.pattern
}

describe('a request of AWS', () => {
  it('is read in each version', () => {
    const { v1, v2, v3 } = REQUESTS
    expect(requestOf(v1)).toEqual({
      answerIn: 'v1',
      connectionId: 'cvpn-connection-0123456789abcdef0',
      endpointId: 'cvpn-endpoint-0123456789abcdef0',
      names: { username: 'alice', commonName: 'alice.corp.example' },
      facts: { idpGroups: undefined, platform: 'win', publicIp: '203.0.113.7', clientVersion: undefined },
      doubts: [],
    })
    expect(requestOf(v2)).toMatchObject({ answerIn: 'v2', facts: { idpGroups: ['contractors', 'vpn-users'] } })
    expect(requestOf(v3)).toMatchObject({ answerIn: 'v3', facts: { clientVersion: '5.2.1' }, doubts: [] })
  })

  it.each([
    ['v1', 'v1'],
    ['v4', 'v3'],
    ['v12', 'v3'],
    ['V2', 'v3'],
    ['next', 'v3'],
    [2, 'v3'],
    [undefined, 'v3'],
    [null, 'v3'],
  ])('of version %j is answered in %s', (written, answered) => {
    expect(requestOf(request({ 'schema-version': written })).answerIn).toBe(answered)
  })

  it('of a certificate client has no user name', () => {
    for (const username of ['', '-', 'NA', undefined, null]) {
      const { names, doubts } = requestOf(request({ username }))
      expect({ names, doubts }).toEqual({
        names: { username: undefined, commonName: 'alice.corp.example' },
        doubts: [],
      })
    }
  })

  it.each([
    ['251 bytes', 'a'.repeat(251), true],
    ['252 bytes, where the next character may have had four', 'a'.repeat(252), false],
    ['255 characters', 'a'.repeat(255), false],
    ['251 bytes of 125 and a half letters', `a${'é'.repeat(125)}`, true],
    ['126 letters, which a cut at 255 bytes may have left', 'é'.repeat(126), false],
    ['84 letters of three bytes', '語'.repeat(84), false],
    ['83 letters of Hindi, which have three bytes', 'क'.repeat(83), true],
    ['84 letters of Hindi', 'क'.repeat(84), false],
    ['84 letters of Thai', 'ก'.repeat(84), false],
    ['62 characters of four bytes', '😀'.repeat(62), true],
    ['63 characters of four bytes', '😀'.repeat(63), false],
  ])('has its names unless one may have been cut: %s', (_, name, isWhole) => {
    for (const field of ['username', 'common-name']) {
      const { names, doubts } = requestOf(request({ username: 'alice', 'common-name': 'laptop', [field]: name }))
      if (isWhole) expect([Object.values(names).includes(name), doubts]).toEqual([true, []])
      else expect({ names, doubts }).toEqual({ names: { username: undefined, commonName: undefined }, doubts: [field] })
    }
    const { facts, doubts } = requestOf(request({ groups: [name, 'b'], platform: name }))
    expect(doubts).toEqual(isWhole ? [] : ['groups', 'platform'])
    // A group that may have been cut may be another one, whatever its beginning matches.
    const hits = doorHitsOf(facts).idpGroups
    expect([patternOf(name), patternOf('b'), patternOf('c')].map((pattern) => hits?.(pattern))).toEqual(
      isWhole ? [true, true, false] : ['unknown', true, 'unknown'],
    )
  })

  it('with a name of another type has no name', () => {
    for (const field of ['username', 'common-name']) {
      for (const value of [7, ['alice'], { alice: 1 }]) {
        const { names, doubts } = requestOf(request({ [field]: value }))
        expect({ names, doubts }).toEqual({ names: { username: undefined, commonName: undefined }, doubts: [field] })
      }
    }
  })

  it('has no fact where a field is blank or says that there is none', () => {
    for (const nothing of [' ', '\t', '-', 'NA']) {
      const fields = ['platform', 'public-ip', 'aws-client-version', 'endpoint-id', 'groups']
      const read = requestOf(request(Object.fromEntries(fields.map((field) => [field, nothing]))))
      expect(Object.values(read.facts)).toEqual([undefined, undefined, undefined, undefined])
      expect([read.endpointId, read.doubts]).toEqual([undefined, []])
    }
  })

  it.each([
    'a,b',
    'a;b',
    'a b',
    'a\nb',
    'a|b',
    'a/b',
    'a:b',
    'a&b',
    '["a"]',
    "['a']",
    '{a}',
    '<a>',
    'a\u00a0b',
    'a\u0000b',
  ])('knows no groups from the text %j, which may be several', (groups) => {
    const { facts, doubts } = requestOf(request({ groups }))
    expect([facts.idpGroups, doubts]).toEqual([undefined, ['groups']])
  })

  it.each([
    ['a list', ['a', 'b'], ['a', 'b'], false],
    ['an empty list', [], [], false],
    ['an empty text', '', [], false],
    ['one group', 'S-1-5-21-1-2-3-1104', ['S-1-5-21-1-2-3-1104'], false],
    ['nothing', undefined, undefined, false],
    ['one group of letters', 'Geschäfts_führung.a@b', ['Geschäfts_führung.a@b'], false],
    ['a list of names with blanks', ['Domain Users', 'a,b'], ['Domain Users', 'a,b'], false],
    ['a list with a number', ['a', 7], undefined, true],
    ['a list with a list', ['a', ['b']], undefined, true],
    ['a list with an empty group', ['a', ''], undefined, true],
    ['a list that says that there is none', ['NA'], undefined, true],
    ['a group that may have been cut', ['a'.repeat(300), 'b'], ['a'.repeat(255), 'b'], true],
    ['as many groups as AWS passes on', Array(200).fill('a'), Array(200).fill('a'), true],
    ['more groups than AWS passes on', Array(300).fill('a'), Array(200).fill('a'), true],
    ['a map', { 0: 'a', length: 1 }, undefined, true],
  ])('reads groups from %s', (_, groups, read, isDoubtful) => {
    const { facts, doubts } = requestOf(request({ groups }))
    expect({ groups: facts.idpGroups, doubts }).toEqual({ groups: read, doubts: isDoubtful ? ['groups'] : [] })
  })

  it('is not read beyond its limits', () => {
    let reads = 0
    const counting = new Proxy(Array(1_000_000).fill('a'), {
      get: (target, key) => {
        reads++
        return Reflect.get(target, key)
      },
    })
    requestOf(request({ groups: counting, username: 'a'.repeat(1_000_000) }))
    expect(reads).toBeLessThan(500)
  })

  it('that is none tells nothing', () => {
    const revoked = Proxy.revocable({}, {})
    revoked.revoke()
    const throwing = {
      get username(): string {
        throw new Error('a getter')
      },
    }
    const inherited = Object.create(REQUESTS.v1) as unknown
    for (const event of [
      undefined,
      null,
      7,
      'event',
      [],
      {},
      throwing,
      inherited,
      revoked.proxy,
      { groups: revoked.proxy },
    ]) {
      expect(requestOf(event)).toMatchObject({
        answerIn: 'v3',
        endpointId: undefined,
        names: { username: undefined, commonName: undefined },
      })
    }
    expect(requestOf(throwing).doubts).toEqual(['username'])
  })
})
