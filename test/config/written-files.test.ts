import { describe, expect, it } from 'vitest'
import { lockName, rotatedName, tornName } from '../../src/adapters/audit/file-names.ts'
import { loadConfiguration } from '../../src/config/load.ts'
import { type Entry, memoryFiles } from './memory-files.ts'

const POLICY = 'version: 1\npolicies:\n  - { name: daily, kind: banned-users, usersFile: ./banned.txt }\n'

const load = (keys: string, tree: Readonly<Record<string, Entry>> = {}) =>
  loadConfiguration(
    memoryFiles({
      'curfew.yaml': `version: 1\npolicies: [./policies]\nwatch: [{ region: eu-central-1, discover: all }]\n${keys}\n`,
      'policies/daily.yaml': POLICY,
      'policies/banned.txt': 'mallory\n',
      ...tree,
    }),
    'curfew.yaml',
  )

const messagesOf = (...of: Parameters<typeof load>) => load(...of).problems.map(({ message }) => message)

const SERVER = 'server: { tls: { certFile: ./tls/cert.pem, keyFile: ./tls/key.pem, clientCaFile: ./tls/ca.pem },'
const LOGIN = ' bearerTokenFile: ./token, publicUrl: "https://vpn.example", linkKey: { file: ./link.key } }'
const CALENDARS = 'calendars: { bank: { file: ./holidays.ics } }\n'

describe('a file that Curfew writes', () => {
  it('may lie beside the files that it reads', () => {
    expect(messagesOf('audit: { file: ./audit.jsonl }\nstate: { file: ./audit.jsonl.state }')).toEqual([])
    expect(messagesOf('audit: { file: ./policies/audit.jsonl }\nstate: { file: ./policies/state.json }')).toEqual([])
  })

  it.each([
    './policies/daily.yaml',
    './policies/banned.txt',
    './curfew.yaml',
    './tls/cert.pem',
    './tls/key.pem',
    './tls/ca.pem',
    './token',
    './link.key',
  ])('is never %s, which it reads', (path) => {
    for (const key of ['state', 'audit']) {
      const { problems, configuration, policySetHash } = load(`${SERVER}${LOGIN}\n${key}: { file: ${path} }`)
      expect(problems.map(({ message }) => message)).toEqual([expect.stringContaining(`give "${key}.file" a path`)])
      expect([configuration, policySetHash]).toEqual([undefined, undefined])
    }
  })

  it('is no calendar and no list of mail addresses', () => {
    const tree = {
      'policies/daily.yaml': POLICY.replace('policies:', `${CALENDARS}policies:`),
      'policies/holidays.ics': 'BEGIN:VCALENDAR\nVERSION:2.0\nPRODID:x\nEND:VCALENDAR\n',
      'people.csv': 'user,mail\nalice,alice@corp.example\n',
    }
    expect(messagesOf('state: { file: ./policies/holidays.ics }', tree)).toContainEqual(
      expect.stringContaining('Curfew reads policies/holidays.ics'),
    )
    expect(messagesOf('people: { file: ./people.csv }\naudit: { file: ./people.csv }', tree)).toContainEqual(
      expect.stringContaining('Curfew reads people.csv'),
    )
  })

  it('is found behind links, also if it does not exist yet', () => {
    const tree = { 'data/.keep': '', other: { link: 'data' }, 'state.json': { link: 'policies/daily.yaml' } }
    expect(messagesOf('state: { file: ./other/audit.jsonl }', tree)).toEqual([
      expect.stringContaining('other/audit.jsonl belongs to the audit trail, which is at data/audit.jsonl'),
    ])
    expect(messagesOf('state: { file: ./state.json }', tree)).toEqual([
      expect.stringContaining('Curfew reads policies/daily.yaml'),
    ])
  })

  it.each([
    lockName('data/audit.jsonl'),
    `${lockName('data/audit.jsonl')}.takeover`,
    tornName('data/audit.jsonl', 7, 1),
    tornName('data/audit.jsonl', 7, 2),
    rotatedName('data/audit.jsonl', 1, 2_000_000),
    `${rotatedName('data/audit.jsonl', 1, 2_000_000)}.gz`,
  ])('is not %s, which belongs to the audit trail, if it is the state', (path) => {
    expect(messagesOf(`state: { file: ./${path} }`)).toEqual([
      `${path} belongs to the audit trail, which is at data/audit.jsonl: give "state.file" a path of its own`,
    ])
  })
})
