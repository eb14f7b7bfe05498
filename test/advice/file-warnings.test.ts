import { describe, expect, it } from 'vitest'
import { configurationWarnings, policyFileWarnings } from '../../src/advice/file-warnings.ts'
import { loadConfiguration, loadPolicies } from '../../src/config/load.ts'
import type { Entry } from '../config/memory-files.ts'
import { memoryFiles } from '../config/memory-files.ts'

const NOW = Date.parse('2026-11-23T12:00:00Z')

const CURFEW = `version: 1
policies: [./policies]
protect:
  users:
    - boss
    - { pattern: "group:gone", until: "2026-01-01T00:00:00Z" }
watch: [{ region: eu-central-1, endpoints: [cvpn-endpoint-0123456789abcdef0] }]
`
const GROUPS = 'version: 1\ngroups: { gone: [x, y, z], ext: ["ext-*"] }\n'

type Tree = Readonly<Record<string, Entry>>

const placesOf = (problems: ReturnType<typeof policyFileWarnings>) => {
  expect(problems.every(({ severity }) => severity === 'warning')).toBe(true)
  return problems.map(({ file, line, column, policy = '' }) => `${file}:${line}:${column} ${policy}`)
}

const warned = (tree: Tree) => {
  const files = memoryFiles(tree)
  const { configuration, problems } = loadConfiguration(files, 'curfew.yaml')
  if (configuration === undefined) throw new Error(JSON.stringify(problems))
  return placesOf(configurationWarnings(files, 'curfew.yaml', configuration, NOW))
}

const policies = (text: string): Tree => ({
  'curfew.yaml': CURFEW,
  'policies/groups.yaml': GROUPS,
  'policies/a.yaml': `version: 1\npolicies:\n${text}`,
})

const PROTECTED = 'curfew.yaml:6:39 '

describe('a warning has the place of its cause:', () => {
  it('in the daemon’s file, once for a whole group', () => {
    expect(warned(policies('  - { name: age, kind: max-session-age, maxAge: 8h }\n'))).toEqual([PROTECTED])
  })

  it('at the expired entry, behind groups with several members', () => {
    const text = `  - name: leavers
    kind: banned-users
    users:
      - "group:gone"
      - mallory
      - { pattern: "group:gone", until: "2026-02-01T00:00:00Z" }
      - { pattern: "trudy", until: "2026-03-01T00:00:00Z" }
      - { pattern: "eve", until: "2027-03-01T00:00:00Z" }
    exempt: { users: ["group:gone", { pattern: w, until: "2026-03-01T00:00:00Z" }] }
`
    expect(warned(policies(text))).toEqual([
      PROTECTED,
      'policies/a.yaml:8:41 leavers',
      'policies/a.yaml:9:36 leavers',
      'policies/a.yaml:11:58 leavers',
    ])
  })

  it('at the expired entry of a group, once for all policies that use the group', () => {
    const text = `  - { name: age, kind: max-session-age, maxAge: 8h, match: { users: [alice, "group:staff"] } }
  - { name: leavers, kind: banned-users, users: [mallory, "group:staff"] }
  - name: idle
    kind: idle-timeout
    after: 1h
    exempt:
      users:
        - { pattern: "group:staff", until: "2026-02-01T00:00:00Z" }
        - { pattern: "group:staff", until: "2025-02-01T00:00:00Z" }
`
    const groups = `version: 1
groups:
  gone: [x, y, z]
  staff:
    - zoe
    - { pattern: "ext-*", until: "2026-01-01T00:00:00Z", reason: project ended }
`
    expect(warned({ ...policies(text), 'policies/groups.yaml': groups })).toEqual([
      PROTECTED,
      'policies/a.yaml:10:44 idle',
      'policies/a.yaml:11:44 idle',
      'policies/groups.yaml:6:34 ',
    ])
  })

  it('at `match`, `exempt` and the name of a policy without effect', () => {
    const text = `  - { name: boss, kind: max-session-age, maxAge: 1h, match: { users: ["user:boss"] } }
  - { name: nowhere, kind: max-session-age, maxAge: 2h, match: { regions: [us-east-1] } }
  - { name: nobody, kind: max-session-age, maxAge: 3h, exempt: { users: ["group:gone", "*"] } }
  - { name: age, kind: max-session-age, maxAge: 8h }
  - { name: contractors, kind: max-session-age, maxAge: 10h, match: { users: ["group:ext"] } }
`
    expect(warned(policies(text))).toEqual([
      PROTECTED,
      'policies/a.yaml:3:13 boss',
      'policies/a.yaml:4:57 nowhere',
      'policies/a.yaml:5:56 nobody',
      'policies/a.yaml:7:13 contractors',
    ])
  })

  it('none if endpoints that are yet to be discovered may match', () => {
    const tree = policies('  - { name: nowhere, kind: max-session-age, maxAge: 2h, match: { regions: [us-east-1] } }\n')
    const entry = '  - { region: us-east-1, discover: all }\n'
    const discovering = CURFEW.replace(/watch: \[(.*)\]\n$/, `watch:\n  - $1\n${entry}`)
    expect(warned(tree)).toContain('policies/a.yaml:3:57 nowhere')
    expect(warned({ ...tree, 'curfew.yaml': discovering })).toEqual([PROTECTED])
  })

  it('at the hours, or at one window of them', () => {
    const text = `  - name: night
    kind: off-hours
    timeZone: Europe/Berlin
    denied: [{ days: sun, hours: "02:00-03:00" }]
  - name: ever
    kind: off-hours
    timeZone: Europe/Berlin
    allowed: [{}]
  - name: shut
    kind: off-hours
    timeZone: America/New_York
    allowed:
      - { hours: "09:00-17:00" }
`
    expect(warned(policies(text))).toEqual([PROTECTED, 'policies/a.yaml:6:5 night', 'policies/a.yaml:10:5 ever'])
  })

  it('at the one window whose dates are all closed', () => {
    const text = `  - name: hours
    kind: off-hours
    timeZone: Europe/Berlin
    closed: [new-year]
    allowed:
      - { days: mon-fri, hours: "08:00-17:00" }
      - { days: [sat, sun] }
`
    const tree = policies(text)
    const dates = Array.from({ length: 60 }, (_, week) => Date.UTC(2026, 10, 21) + week * 7 * 86_400_000).map(
      (at) => `{ from: ${iso(at)}, to: ${iso(at + 86_400_000)} }`,
    )
    const calendar = `${GROUPS}calendars: { new-year: { dates: [${dates.join(', ')}] } }\n`
    expect(warned({ ...tree, 'policies/groups.yaml': calendar })).toEqual([PROTECTED, 'policies/a.yaml:9:9 hours'])
  })
})

const iso = (at: number) => new Date(at).toISOString().slice(0, 10)

describe('policy files without the daemon’s file', () => {
  const review = (tree: Tree, ...paths: readonly string[]) => {
    const files = memoryFiles(tree)
    const { policies: loaded = [] } = loadPolicies(files, paths)
    expect(loaded.length).toBeGreaterThan(0)
    return placesOf(policyFileWarnings(files, paths, loaded, NOW))
  }

  it('are reviewed together, without the watched endpoints', () => {
    const one = (name: string, rest: string) =>
      `version: 1\npolicies:\n  - { name: ${name}, kind: max-session-age${rest} }\n`
    const tree = {
      'x/a.yaml': one('a', ', maxAge: 8h, match: { regions: [us-east-1] }'),
      'x/b.yml': one('b', ', maxAge: 9h, match: { regions: [us-east-1] }'),
      'c.yaml': one('c', ', maxAge: 9h, match: { regions: ["us-*"] }'),
    }
    expect(review(tree, 'x', 'c.yaml')).toEqual(['x/b.yml:3:13 b'])
    expect(review(tree, 'x/a.yaml')).toEqual([])
  })

  it('are read again only if there is a warning', () => {
    const files = memoryFiles({
      'a.yaml': 'version: 1\npolicies:\n  - { name: a, kind: max-session-age, maxAge: 8h }\n',
    })
    const { policies: loaded = [] } = loadPolicies(files, ['a.yaml'])
    const unread = {
      ...files,
      read: () => {
        throw new Error('read again')
      },
    }
    expect(policyFileWarnings(unread, ['a.yaml'], loaded, NOW)).toEqual([])
  })

  it('lose their warnings if they changed meanwhile', () => {
    const text = 'version: 1\npolicies:\n  - { name: a, kind: max-session-age, maxAge: 8h, exempt: { users: ["*"] } }\n'
    const { policies: loaded = [] } = loadPolicies(memoryFiles({ 'a.yaml': text }), ['a.yaml'])
    for (const changed of ['policies: [', 'policies: 1', 'version: 1\npolicies: [{ name: b }]\n', '']) {
      expect(policyFileWarnings(memoryFiles({ 'a.yaml': changed }), ['a.yaml'], loaded, NOW)).toEqual([])
    }
  })
})
