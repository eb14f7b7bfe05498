import { describe, expect, it } from 'vitest'
import { requestOf } from '../../../src/domain/door/request.ts'
import { REQUESTS, request } from './requests.ts'

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

  it('with a name that may have been cut has no name', () => {
    const [whole, cut] = ['a'.repeat(254), 'a'.repeat(255)]
    expect(requestOf(request({ username: whole })).names.username).toBe(whole)
    for (const field of ['username', 'common-name']) {
      for (const value of [cut, 7, ['alice'], { alice: 1 }]) {
        const { names, doubts } = requestOf(request({ [field]: value }))
        expect({ names, doubts }).toEqual({ names: { username: undefined, commonName: undefined }, doubts: [field] })
      }
    }
  })

  it.each([
    ['a list', ['a', 'b'], ['a', 'b'], false],
    ['an empty list', [], [], false],
    ['an empty text', '', [], false],
    ['one group', 'S-1-5-21-1-2-3-1104', ['S-1-5-21-1-2-3-1104'], false],
    ['nothing', undefined, undefined, false],
    ['a text that may be several groups', 'a,b', undefined, true],
    ['a list with a number', ['a', 7], undefined, true],
    ['a list with a list', ['a', ['b']], undefined, true],
    ['a list with an empty group', ['a', ''], undefined, true],
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
