import { describe, expect, it } from 'vitest'
import { loadConfiguration, loadPolicies } from '../../src/config/load.ts'
import { formatProblem } from '../../src/config/yaml/problem.ts'
import { parsePattern } from '../../src/domain/names/pattern.ts'
import type { UserEntry } from '../../src/domain/names/user-list.ts'
import { HOUR, MINUTE } from '../../src/domain/time/instant.ts'
import { GOOD_CURFEW, GOOD_POLICIES, GOOD_TREE } from './good-configuration.ts'
import { type Entry, memoryFiles } from './memory-files.ts'

type Tree = Readonly<Record<string, Entry>>

const load = (tree: Tree) => loadConfiguration(memoryFiles(tree), 'curfew.yaml')
const messagesOf = (tree: Tree) => load(tree).problems.map(formatProblem)
const hashOf = (tree: Tree) => load(tree).configuration?.policySetHash

const CURFEW = `version: 1
policies: [./policies]
watch: [{ region: eu-central-1, endpoints: [cvpn-endpoint-0123456789abcdef0] }]
`
const ALL_EVENTS = ['warning', 'terminated', 'held', 'gave-up', 'blind', 'reload-refused']
const policy = (name: string, rest = '') =>
  `version: 1\npolicies:\n  - { name: ${name}, kind: max-session-age, maxAge: 8h${rest} }\n`

const entry = (source: string, rest: Partial<UserEntry> = {}): UserEntry => {
  const parsed = parsePattern(source)
  if ('problem' in parsed) throw new Error(parsed.problem)
  return { pattern: parsed.pattern, from: undefined, until: undefined, reason: undefined, ...rest }
}

describe('a good configuration', () => {
  const { problems, configuration, sources } = load(GOOD_TREE)

  it('has no problem', () => {
    expect(problems.map(formatProblem)).toEqual([])
  })

  it('has the written value of every key', () => {
    const { policies, written: _written, policySetHash, ...daemon } = configuration ?? { policies: [] }
    expect(daemon).toEqual({
      mode: 'enforce',
      protect: [
        entry('break-glass@corp.example'),
        entry('alice', { until: Date.UTC(2027, 0, 1), reason: 'rota' }),
        entry('bob@corp.example', { until: Date.UTC(2027, 0, 1), reason: 'rota' }),
      ],
      watch: [
        {
          region: 'eu-central-1',
          endpointUrl: undefined,
          endpoints: [
            { id: 'cvpn-endpoint-0123456789abcdef0', name: undefined },
            { id: 'cvpn-endpoint-0123456789abcdef1', name: 'berlin' },
          ],
          discover: undefined,
          assumeRole: undefined,
        },
        {
          region: 'us-gov-west-1',
          endpointUrl: 'http://127.0.0.1:4599',
          endpoints: [{ id: 'cvpn-endpoint-0123456789abcdef2', name: undefined }],
          discover: 'all',
          assumeRole: undefined,
        },
        {
          region: 'us-east-1',
          endpointUrl: undefined,
          endpoints: [],
          discover: {
            tags: new Map([
              ['vpn-policy', 'enforced'],
              ['team', ''],
            ]),
          },
          assumeRole: { arn: 'arn:aws:iam::111122223333:role/vpn/curfew', externalId: 'curfew:1' },
        },
        {
          region: 'us-east-2',
          endpointUrl: undefined,
          endpoints: [{ id: 'cvpn-endpoint-0123456789abcdef3', name: undefined }],
          discover: undefined,
          assumeRole: { arn: 'arn:aws:iam::111122223333:role/curfew', externalId: undefined },
        },
      ],
      poll: {
        schedule: '*/30 * * * * *',
        requestTimeoutMs: 20_000,
        staleAfterMs: 36 * HOUR,
        rate: { burst: 5, perSecond: 0.5 },
        minGapMs: 7000,
      },
      termination: { rate: { burst: 4, perSecond: 1 }, verifyWithinMs: 2 * MINUTE, attempts: 5 },
      guard: { maxPercent: 25, minConnections: 3, lookAheadMs: 12 * HOUR },
      audit: { file: 'var/audit.jsonl' },
      engine: { kind: 'files' },
      state: { file: 'var/state.json' },
      server: {
        host: '::1',
        port: 0,
        tls: {
          certFile: 'tls/cert.pem',
          keyFile: '/run/secrets/key.pem',
          clientCaFile: 'tls/ca.pem',
        },
        basicAuthUsers: { prometheus: '$2y$10$N9qo8uLOickgx2ZMRZoMyeIjZAgcfl7p92ldGxad68LJZdL17lhWy' },
        bearerTokenFile: 'tls/token',
        showNames: true,
        links: { publicUrl: 'https://curfew.corp.example/vpn', key: { file: 'tls/links' } },
      },
      notify: [
        {
          name: 'security-desk',
          receiver: 'webhook',
          address: 'https://hooks.corp.example/curfew',
          secret: { file: 'secrets/webhook' },
          events: ['terminated', 'held', 'gave-up'],
        },
        {
          name: 'slack-2',
          receiver: 'slack',
          address: { env: 'CURFEW_SLACK_URL' },
          secret: undefined,
          events: ALL_EVENTS,
        },
        {
          name: 'webhook-3',
          receiver: 'webhook',
          address: 'http://[::1]:8080/hook',
          secret: { env: '_KEY2' },
          events: ALL_EVENTS,
        },
        {
          name: 'webhook-4',
          receiver: 'webhook',
          address: { file: '/run/secrets/url' },
          secret: { env: 'KEY' },
          events: ALL_EVENTS,
        },
        {
          name: 'slackBot-5',
          receiver: 'slackBot',
          token: { file: 'secrets/slack' },
          apiUrl: 'https://slack-gov.com/api/',
          events: ['warning'],
        },
        {
          name: 'mail',
          receiver: 'email',
          smarthost: { host: '::1', port: 2525 },
          from: 'VPN <vpn@corp.example>',
          username: 'curfew',
          password: { env: 'PASSWORD' },
          requireTls: false,
          caFile: 'tls/mail-ca.pem',
          rate: { burst: 3, perSecond: 0.5 },
          events: ['warning', 'terminated'],
        },
      ],
      people: new Map([['corp\\bob', 'bob@corp.example']]),
      connectHandler: {
        mode: 'audit',
        onError: 'deny',
        posture: [
          {
            status: 'managed',
            match: { users: [entry('*@corp.example')], endpoints: undefined, regions: [entry('eu-*')] },
          },
          { status: 'known', match: undefined },
        ],
      },
      timeZone: 'Europe/Berlin',
      log: { level: 'debug' },
    })
    expect(policySetHash).toMatch(/^[0-9a-f]{64}$/)
    expect(policies.map(({ name, kind, mode, graceMs }) => [name, kind.kind, mode, graceMs])).toEqual([
      ['daily-reauthentication', 'max-session-age', 'enforce', 0],
      ['leavers', 'banned-users', 'enforce', 0],
      ['contractors-office-hours', 'off-hours', 'enforce', 5 * MINUTE],
      ['trial', 'max-session-age', 'audit', 0],
      ['freeze', 'posture', 'enforce', 0],
    ])
    const [age, leavers, office, trial, freeze] = policies
    expect(age?.rule).toEqual({ maxAgeMs: 10 * HOUR })
    expect(age?.exempt).toEqual({
      users: [
        entry('alice'),
        entry('bob@corp.example'),
        entry('cn:kiosk-*', { until: Date.UTC(2026, 10, 30, 23), reason: 'trade fair' }),
      ],
      endpoints: undefined,
      regions: undefined,
    })
    expect(leavers?.rule).toEqual([
      entry('mallory'),
      entry('*@former-vendor.example', {
        from: Date.UTC(2026, 11, 1),
        until: Date.UTC(2027, 5, 1),
        reason: 'contract ended',
      }),
      entry('user:group:eng'),
      entry('Trudy'),
      entry('a_b.example#EXT#@corp.example'),
    ])
    expect(office?.match).toEqual({
      users: [entry('ext-*'), entry('*@vendor.example')],
      endpoints: [entry('cvpn-endpoint-0123*')],
      regions: [entry('eu-central-1')],
    })
    expect(office).toMatchObject({ matchGroup: 'contractors', message: 'Closed: {reason}. Next: {until}' })
    expect(policies.map(({ matchGroup }) => matchGroup)).toEqual([
      undefined,
      undefined,
      'contractors',
      undefined,
      'staff',
    ])
    expect(trial?.rule).toEqual({ maxAgeMs: 8 * HOUR })
    expect(freeze).toMatchObject({
      from: Date.UTC(2026, 11, 4, 21),
      until: Date.UTC(2026, 11, 6, 1),
      timeZone: 'Europe/Berlin',
    })
    expect(freeze?.match?.users).toEqual([
      entry('*@corp.example'),
      entry('erin', { from: Date.UTC(2026, 11, 1), until: Date.UTC(2027, 5, 1), reason: 'migration' }),
    ])
  })

  it('lists every file and folder that was read', () => {
    const secrets = ['secrets/webhook', '/run/secrets/url', 'secrets/slack', 'tls/mail-ca.pem', 'people.csv']
    expect(sources).toEqual(['curfew.yaml', 'policies', 'policies/a.yaml', 'more.yml', 'banned.txt', ...secrets])
  })

  it('has defaults for everything except the policies and the endpoints', () => {
    expect(load({ 'curfew.yaml': CURFEW, 'policies/a.yaml': policy('a') }).configuration).toMatchObject({
      mode: 'audit',
      protect: [],
      policies: [{ mode: 'enforce', graceMs: 0, match: undefined, exempt: undefined }],
      poll: {
        schedule: '*/15 * * * * *',
        requestTimeoutMs: 10_000,
        staleAfterMs: 5 * MINUTE,
        rate: { burst: 50, perSecond: 10 },
        minGapMs: 5000,
      },
      termination: { rate: { burst: 40, perSecond: 4 }, verifyWithinMs: MINUTE, attempts: 3 },
      guard: { maxPercent: 50, minConnections: 10, lookAheadMs: 24 * HOUR },
      audit: { file: 'data/audit.jsonl' },
      state: { file: 'data/state.json' },
      server: { host: '127.0.0.1', port: 9464 },
      notify: [],
      people: new Map(),
      timeZone: 'UTC',
      log: { level: 'info' },
    })
  })
})

describe('the file of people', () => {
  it('may name an address twice for one name, also in another case', () => {
    const { configuration } = load({
      'curfew.yaml': `${CURFEW}people: { file: people.csv }\n`,
      'policies/a.yaml': policy('a'),
      'people.csv': 'name,address\nbob,Bob@corp.example\nBOB,bob@corp.example\n',
    })
    expect(configuration?.people).toEqual(new Map([['bob', 'Bob@corp.example']]))
  })
})

describe('the hash of the policies', () => {
  const changed = (from: string, to: string) => ({ ...GOOD_TREE, 'policies/a.yaml': GOOD_POLICIES.replace(from, to) })

  it('does not change with comments, layout, file names or other keys of curfew.yaml', () => {
    const hash = hashOf(GOOD_TREE)
    expect(hash).toBeDefined()
    expect(hashOf(changed('version: 1', '# a comment\nversion: 1\n'))).toBe(hash)
    expect(hashOf(changed('kind: max-session-age\n    maxAge: 10h', 'maxAge: "10h"\n    kind: max-session-age'))).toBe(
      hash,
    )
    expect(hashOf({ ...GOOD_TREE, 'banned.txt': 'Trudy\n#\na_b.example#EXT#@corp.example\n' })).toBe(hash)
    expect(hashOf({ ...GOOD_TREE, 'curfew.yaml': GOOD_CURFEW.replace('level: debug', 'level: warn') })).toBe(hash)
    const { 'policies/a.yaml': renamed, ...rest } = GOOD_TREE
    expect(hashOf({ ...rest, 'policies/b.yaml': renamed })).toBe(hash)
  })

  it.each([
    ['a rule', changed('maxAge: 10h', 'maxAge: 11h')],
    ['a group', changed('"ext-*"', '"extern-*"')],
    ['a calendar', changed('yearly: [05-01]', 'yearly: [05-02]')],
    ['an entry of a file', { ...GOOD_TREE, 'banned.txt': 'Trudy\n' }],
    ['the users under `protect`', { ...GOOD_TREE, 'curfew.yaml': GOOD_CURFEW.replace('break-glass@', 'glass@') }],
  ])('changes with %s', (_what, tree) => {
    const hash = hashOf(tree)
    expect(hash).toBeDefined()
    expect(hash).not.toBe(hashOf(GOOD_TREE))
  })
})

describe('folders of policies', () => {
  it('are read one level deep, by name, without hidden files and policy tests', () => {
    const { configuration, sources } = load({
      'curfew.yaml': CURFEW,
      'policies/b.yml': policy('b'),
      'policies/a.yaml': policy('a'),
      'policies/.hidden.yaml': 'no: policy',
      'policies/a.test.yaml': 'no: policy',
      'policies/a.test.yml': 'no: policy',
      'policies/notes.txt': 'no policy',
      'policies/deep/c.yaml': 'no: policy',
      'policies/folder.yaml/c.yaml': 'no: policy',
    })
    expect(configuration?.policies.map(({ name }) => name)).toEqual(['a', 'b'])
    expect(sources).toEqual(['curfew.yaml', 'policies', 'policies/a.yaml', 'policies/b.yml'])
  })

  it('can be mounted ConfigMaps, whose files are links into a hidden folder', () => {
    const { configuration } = load({
      'curfew.yaml': CURFEW,
      'policies/a.yaml': { link: '..data/a.yaml' },
      'policies/..data': { link: '..2026_11_22' },
      'policies/..2026_11_22/a.yaml': policy('a'),
    })
    expect(configuration?.policies.map(({ name }) => name)).toEqual(['a'])
  })

  it('are read only once if they are named several times', () => {
    const tree = { 'policies/a.yaml': policy('a'), 'policies/b.yaml': { link: 'a.yaml' } }
    const twice = CURFEW.replace('[./policies]', '[./policies, ./policies/a.yaml, policies/../policies]')
    expect(load({ 'curfew.yaml': twice, ...tree }).configuration?.policies).toHaveLength(1)
  })

  it('are refused if they lead out of the folder of curfew.yaml', () => {
    expect(
      messagesOf({
        'curfew.yaml': CURFEW,
        'policies/a.yaml': { link: '/etc/elsewhere/a.yaml' },
        '/etc/elsewhere/a.yaml': policy('a'),
      }),
    ).toEqual([
      'curfew.yaml:2:12: error: policies/a.yaml leads to /etc/elsewhere/a.yaml, outside of /etc/curfew: move it into that folder, or name its folder under "readFrom" in curfew.yaml',
    ])
  })

  it('may lie in a folder of readFrom, where a link leads to another version at each edit', () => {
    const synced = CURFEW.replace('[./policies]', '[/git/current/policies]')
    const tree = {
      '/git/current': { link: '/git/.worktrees/4f2a' },
      '/git/.worktrees/4f2a/policies/a.yaml':
        'version: 1\npolicies: [{ name: a, kind: banned-users, usersFile: ../lists/banned.txt }]\n',
      '/git/.worktrees/4f2a/lists/banned.txt': 'mallory\n',
    }
    expect(messagesOf({ ...tree, 'curfew.yaml': synced })).toEqual([
      expect.stringMatching(/^curfew\.yaml:2:12: error: .* under "readFrom"/),
    ])
    const { configuration, problems, sources } = load({ ...tree, 'curfew.yaml': `${synced}readFrom: [../../git]\n` })
    expect(problems.map(formatProblem)).toEqual([])
    expect(configuration?.policies.map(({ name }) => name)).toEqual(['a'])
    expect(sources).toContain('../../git')
  })

  it('may be the folder of curfew.yaml, which is no policies file, as in a ConfigMap', () => {
    const { configuration, problems } = load({
      'curfew.yaml': { link: '..data/curfew.yaml' },
      '..data': { link: '..2026_11_22' },
      '..2026_11_22/curfew.yaml': CURFEW.replace('[./policies]', '[.]'),
      'a.yaml': { link: '..data/a.yaml' },
      '..2026_11_22/a.yaml': policy('a'),
      'a.test.yaml': 'version: 1\n',
    })
    expect(problems.map(formatProblem)).toEqual([])
    expect(configuration?.policies.map(({ name }) => name)).toEqual(['a'])
  })

  it('that hold curfew.yaml are told so if they are checked without it', () => {
    const files = memoryFiles({ 'all/curfew.yaml': CURFEW.replace('[./policies]', '[.]'), 'all/a.yaml': policy('a') })
    expect(loadPolicies(files, ['all']).problems.map(formatProblem)).toEqual([
      expect.stringMatching(/^all\/curfew\.yaml:3:1: error: .* --config$/),
    ])
  })

  it('have a warning if they contain no policy file', () => {
    const named = CURFEW.replace('[./policies]', '[./policies, ./empty]')
    const { problems, configuration } = load({
      'curfew.yaml': named,
      'policies/a.yaml': policy('a'),
      'empty/readme.txt': '',
    })
    expect(problems.map(formatProblem)).toEqual([
      'curfew.yaml:2:24: warning: the folder empty holds no policy file (*.yaml or *.yml)',
    ])
    expect(configuration).toBeDefined()
  })

  it('can be loaded without curfew.yaml', () => {
    const files = memoryFiles({
      'p/a.yaml': policy('a'),
      'p/b.yaml': 'version: 1\npolicies: [{ name: b, kind: banned-users, usersFile: banned.txt }]\n',
      'p/banned.txt': 'mallory\n',
      'q/c.yaml': 'version: 1\npolicies: [{ name: c, kind: banned-users, usersFile: ../p/banned.txt }]\n',
    })
    expect(loadPolicies(files, ['p']).policies?.map(({ name }) => name)).toEqual(['a', 'b'])
    expect(loadPolicies(files, ['p/a.yaml', 'p/b.yaml']).sources).toEqual(['p/a.yaml', 'p/b.yaml', 'p/banned.txt'])
    expect(loadPolicies(files, ['q']).problems.map(({ file, line, column }) => [file, line, column])).toEqual([
      ['q/c.yaml', 2, 54],
    ])
    expect(loadPolicies(files, ['nowhere']).problems.map(({ file, line }) => [file, line])).toEqual([['nowhere', 1]])
  })
})

describe('a file that cannot be read', () => {
  it.each([
    ['missing', {}],
    ['unreadable', { 'curfew.yaml': { why: 'permission denied' } }],
    ['a folder', { 'curfew.yaml/a': '' }],
    ['a device', { 'curfew.yaml': { device: 'null' } }],
  ])('is reported if it is a curfew.yaml that is %s', (_what, tree: Tree) => {
    const { problems, configuration, sources } = load(tree)
    expect(problems.map(({ file, line, column }) => [file, line, column])).toEqual([['curfew.yaml', 1, 1]])
    expect(configuration).toBeUndefined()
    expect(sources).toEqual(['curfew.yaml'])
  })

  it('is one of the sources nevertheless, so that the daemon notices when it appears', () => {
    const users = 'version: 1\npolicies: [{ name: b, kind: banned-users, usersFile: ./not-yet.txt }]\n'
    const { sources } = load({ 'curfew.yaml': CURFEW.replace('[.', '[./later, .'), 'policies/a.yaml': users })
    expect(sources).toEqual(['curfew.yaml', 'later', 'policies', 'policies/a.yaml', 'policies/not-yet.txt'])
  })

  it('is reported with a hint at usersFile if it is YAML of more than 2 MB', () => {
    const long = `version: 1\n#${'x'.repeat(2_000_000)}\n`
    const [problem] = load({ 'curfew.yaml': CURFEW, 'policies/a.yaml': long }).problems
    expect(problem).toMatchObject({ file: 'policies/a.yaml', line: 1, column: 1, severity: 'error' })
    expect(problem?.message).toContain('usersFile')
  })

  it.each([
    ['UTF-16, little-endian', new Uint8Array([0xff, 0xfe, 0x76, 0])],
    ['UTF-16, big-endian', new Uint8Array([0xfe, 0xff, 0, 0x76])],
  ])('is reported if it is %s', (_what, bytes) => {
    expect(messagesOf({ 'curfew.yaml': bytes })).toEqual([
      'curfew.yaml:1:1: error: the file is UTF-16: save it as UTF-8',
    ])
  })

  it('suppresses reports of unknown names, because it may define them', () => {
    const uses = policy('a', ', match: { users: ["group:staff"] }')
    expect(messagesOf({ 'curfew.yaml': CURFEW, 'policies/a.yaml': uses })).toHaveLength(1)
    const problems = messagesOf({ 'curfew.yaml': CURFEW, 'policies/a.yaml': uses, 'policies/b.yaml': '{' })
    expect(problems.filter((problem) => problem.includes('staff'))).toEqual([])
  })
})

describe('warnings', () => {
  const warnings = (curfew: string, policies: string) => {
    const { problems, configuration } = load({ 'curfew.yaml': curfew, 'policies/a.yaml': policies })
    expect(configuration).toBeDefined()
    return problems.map(formatProblem)
  }

  it('report a `warn` for which no receiver takes the event', () => {
    const daily = 'version: 1\npolicies: [{ name: daily, kind: max-session-age, maxAge: 8h, warn: [15m] }]\n'
    const noReceiver = [
      'policies/a.yaml:2:62: warning: policy "daily": no receiver gets these warnings: add the event warning to an entry of "notify" in curfew.yaml',
    ]
    expect(warnings(CURFEW, daily)).toEqual(noReceiver)
    expect(warnings(`${CURFEW}notify: [{ slack: { env: CHAT }, events: [held, blind] }]\n`, daily)).toEqual(noReceiver)
    expect(warnings(`${CURFEW}notify: [{ slack: { env: CHAT } }]\n`, daily)).toEqual([])
  })

  it('report groups and calendars that no policy uses', () => {
    const more = `${policy('a')}groups:\n  staff: [alice]\ncalendars:\n  holidays: { yearly: [05-01] }\n`
    expect(warnings(CURFEW, more)).toEqual([
      'policies/a.yaml:5:3: warning: no policy uses the group "staff": use it, or remove it',
      'policies/a.yaml:7:3: warning: no policy uses the calendar "holidays": use it, or remove it',
    ])
  })

  it('report names that only a tag may be, and Regions that are not watched', () => {
    const match = ', match: { endpoints: [berlin, "cvpn-*"] }, exempt: { regions: [eu-west-1] }'
    expect(warnings(CURFEW, policy('a', match)).map((line) => line.slice(0, 60))).toEqual([
      'policies/a.yaml:3:72: warning: policy "a": "berlin" matches no name'.slice(0, 60),
      'policies/a.yaml:3:113: warning: policy "a": "eu-west-1" matches '.slice(0, 60),
    ])
  })

  it('report a letter that only looks Latin in every list of users, and show which', () => {
    const { problems } = load({
      'curfew.yaml': `${CURFEW}protect: { users: ["m\u0430llory"] }\n`,
      'banned.txt': 'm\u0430llory\n',
      'policies/a.yaml': `version: 1
groups: { staff: ["m\u0430llory"] }
policies:
  - name: bans
    kind: banned-users
    usersFile: ../banned.txt
    match: { users: ["m\u0430llory", "group:staff"] }
    exempt: { users: ["*@c\u043erp.example"] }
  - { name: more, kind: banned-users, users: ["m\u0430llory"] }
`,
    })
    const found = problems
      .map(formatProblem)
      .map((text) => /^([^:]+:\d+).*?warning: .*?("[^"]*\\u04[^"]*")/.exec(text)?.slice(1).join(' '))
    expect(new Set(found)).toEqual(
      new Set([
        'banned.txt:1 "m\\u0430llory"',
        'curfew.yaml:4 "m\\u0430llory"',
        'policies/a.yaml:2 "m\\u0430llory"',
        'policies/a.yaml:7 "m\\u0430llory"',
        'policies/a.yaml:8 "*@c\\u043erp.example"',
        'policies/a.yaml:9 "m\\u0430llory"',
      ]),
    )
  })

  it('report rates above those that AWS grants', () => {
    const fast = `${CURFEW}poll: { rate: { burst: 100, perSecond: 21 } }\ntermination: { rate: { burst: 51 } }\n`
    expect(warnings(fast, policy('a')).map((line) => line.split(',')[0])).toEqual([
      'curfew.yaml:4:40: warning: perSecond is 21',
      'curfew.yaml:5:31: warning: burst is 51',
    ])
  })
})

describe('a prefix', () => {
  it('is read in any case, wherever users are listed', () => {
    const { configuration, problems } = load({
      'curfew.yaml': `${CURFEW}protect: { users: [User:break-glass, GROUP:staff] }\n`,
      'policies/a.yaml': `version: 1
groups: { staff: [CN:desk-1] }
policies:
  - name: leavers
    kind: banned-users
    users: [USER:mallory, { pattern: Cn:laptop-7, reason: stolen }]
    usersFile: ./banned.txt
    match: { users: ["Group:staff", User:eve] }
    exempt: { users: [CN:kiosk] }
`,
      'policies/banned.txt': 'User:trudy\n',
    })
    expect(problems).toEqual([])
    const [leavers] = configuration?.policies ?? []
    const fieldsOf = (entries: readonly UserEntry[] = []) =>
      entries.map(({ pattern: { field, text } }) => `${field} ${text}`)
    expect(fieldsOf(leavers?.rule as UserEntry[])).toEqual([
      'username mallory',
      'commonName laptop-7',
      'username trudy',
    ])
    expect(fieldsOf(leavers?.match?.users)).toEqual(['commonName desk-1', 'username eve'])
    expect(fieldsOf(leavers?.exempt?.users)).toEqual(['commonName kiosk'])
    expect(fieldsOf(configuration?.protect)).toEqual(['username break-glass', 'commonName desk-1'])
  })
})

describe('a file of users', () => {
  const ban = (rest: string) => ({
    'curfew.yaml': CURFEW,
    'policies/a.yaml': `version: 1\npolicies:\n  - name: leavers\n    kind: banned-users\n    ${rest}\n`,
  })

  it('can be used with an empty list, and can be empty if `allowEmpty` is true', () => {
    const tree = ban('users: []\n    usersFile: ./b.txt\n    allowEmpty: true')
    expect(messagesOf({ ...tree, 'policies/b.txt': '' })).toEqual([])
    expect(messagesOf({ ...tree, 'policies/b.txt': 'mallory' })).toEqual([])
  })

  it('must exist even if it may be empty', () => {
    expect(messagesOf(ban('usersFile: ./b.txt\n    allowEmpty: true'))).toEqual([
      'policies/a.yaml:5:16: error: policy "leavers": policies/b.txt does not exist: correct the path, or create the file',
    ])
  })

  it('has its problems reported at its own lines', () => {
    const bad = 'ok\r\n\r\nGroup:staff\r\n*\r\n\u0007\r\nuser:\r\n trudy\r\n'
    const { problems } = load({ ...ban('usersFile: ./b.txt'), 'policies/b.txt': bad })
    expect(problems.map(({ file, line, column, policy: name }) => [file, line, column, name])).toEqual(
      [3, 4, 5, 6, 7].map((line) => ['policies/b.txt', line, 1, 'leavers']),
    )
  })

  it('can be shared by two policies', () => {
    const two = `version: 1\npolicies:\n  - { name: a, kind: banned-users, usersFile: ../b.txt }\n  - { name: b, kind: banned-users, usersFile: ../b.txt }\n`
    const tree = { 'curfew.yaml': CURFEW, 'policies/a.yaml': two, 'b.txt': 'mallory\n' }
    expect(load(tree).configuration?.policies.map(({ rule }) => rule)).toEqual([[entry('mallory')], [entry('mallory')]])
  })
})

describe('all problems at once', () => {
  it('include those in the valid parts of a policy with invalid ones', () => {
    const text = `version: 1
policies:
  - name: leavers
    kind: banned-users
    mode: loud
    users:
      - 007
      - { pattern: trudy, from: tomorrow }
      - { pattern: mallory, from: "2027-01-01T00:00:00Z", until: "2026-01-01T00:00:00Z" }
      - "group:nobody"
    usersFile: 12
  - name: office
    kind: off-hours
    timeZone: 1
    allowed:
      - { days: 5, hours: "7-8" }
      - { days: mon, hour: "08:00-09:00" }
    denied: [{ days: sat }]
    closed: [holidays, 2]
    match: { users: ["group:nobody", 3], endpoint: [] }
`
    const { problems } = load({ 'curfew.yaml': CURFEW, 'policies/a.yaml': text })
    expect(problems.map(({ line, column }) => `${line}:${column}`)).toEqual([
      '5:11',
      '7:9',
      '8:33',
      '9:66',
      '10:9',
      '11:16',
      '14:15',
      '16:17',
      '16:27',
      '17:22',
      '18:13',
      '19:13',
      '19:14',
      '19:24',
      '20:22',
      '20:38',
      '20:42',
    ])
  })
})

describe('the JSON Schema of a file', () => {
  it('may be named in it, as editors write it, and changes nothing', () => {
    const schema = '"$schema": ./schema/curfew.schema.json\n'
    const json = `{ "$schema": "../policies.schema.json", ${JSON.stringify({ version: 1, policies: [{ name: 'a', kind: 'max-session-age', maxAge: '8h' }] }).slice(1)}`
    const tree = { 'curfew.yaml': schema + CURFEW, 'policies/a.yaml': json }
    expect(messagesOf(tree)).toEqual([])
    expect(hashOf(tree)).toBe(hashOf({ 'curfew.yaml': CURFEW, 'policies/a.yaml': policy('a') }))
  })
})

describe('the written mode', () => {
  const modeOf = (curfew: string) => {
    const { configuration, writtenMode } = load({ 'curfew.yaml': curfew, 'policies/broken.yaml': 'version: 2\n' })
    expect(configuration).toBeUndefined()
    return writtenMode
  }

  it.each([
    ['beside a broken policy', `${CURFEW}mode: audit\n`, 'audit'],
    ['beside a key that is unknown and one that is missing', 'version: 1\nmood: audit\nmode: audit\n', 'audit'],
    ['that enforces', `${CURFEW}mode: enforce\n`, 'enforce'],
    ['that is misspelled', `${CURFEW}mode: adit\n`, undefined],
    ['that is only the default', CURFEW, undefined],
    ['that is written twice: audit, if it is first', `${CURFEW}mode: audit\nmode: enforce\n`, 'audit'],
    ['that is written twice: audit, if it is last', `mode: enforce\n${CURFEW}mode: audit # stop\n`, 'audit'],
    ['that is appended below another spelling', `"mode" : 'enforce'\n${CURFEW}\nmode: audit\n`, 'audit'],
    ['in a file with an unclosed quote', `name: "x\nmode: enforce\n${CURFEW}mode: 'audit'\n`, 'audit'],
    ['in a file with a tab', `${CURFEW}mode: audit\r\nserver:\n\tport: 1\n`, 'audit'],
    ['in a file with a wrong indentation', `${CURFEW}mode: audit\n  [\n`, 'audit'],
    ['that enforces, in a file whose structure is unknown', `${CURFEW}mode: enforce\n  [\n`, undefined],
    ['in a comment', `${CURFEW}#mode: audit\nmood: x\n`, undefined],
    ['of another section', `${CURFEW}policies2: { mode: audit }\n`, undefined],
  ])('%s', (_what, curfew, mode) => {
    expect(modeOf(curfew)).toBe(mode)
  })
})
