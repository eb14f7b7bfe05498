import { describe, expect, it } from 'vitest'
import { loadConfiguration } from '../../src/config/load.ts'
import { formatProblem } from '../../src/config/yaml/problem.ts'
import { memoryFiles } from './memory-files.ts'

const ONE_UNIT = '[{ region: eu-central-1, discover: all }]'

const load = (rest: string, { watch = ONE_UNIT, policy = 'kind: max-session-age, maxAge: 8h' } = {}) => {
  const { configuration, problems, sources } = loadConfiguration(
    memoryFiles({
      'curfew.yaml': `version: 1\npolicies: [./policies.yaml]\nwatch: ${watch}\n${rest}\n`,
      'policies.yaml': `version: 1\npolicies:\n  - { name: one, ${policy} }\n`,
    }),
    'curfew.yaml',
  )
  return { engine: configuration?.engine, problems: problems.map(formatProblem), sources }
}

const URL = 'url: { env: CURFEW_DATABASE_URL }'

describe('the engine', () => {
  it('is files without the key', () => {
    expect(load('')).toMatchObject({ engine: { kind: 'files' }, problems: [] })
    expect(load('engine: { kind: files }')).toMatchObject({ engine: { kind: 'files' }, problems: [] })
  })

  it('verifies the server by default, with a lease of six seconds and the password of the URL', () => {
    expect(load(`engine: { kind: postgres, ${URL} }`)).toMatchObject({
      engine: {
        kind: 'postgres',
        url: { env: 'CURFEW_DATABASE_URL' },
        leaseMs: 6000,
        tls: { mode: 'verify', caFile: undefined },
        iam: undefined,
      },
      problems: [],
    })
  })

  it('takes every key, with paths relative to its file', () => {
    const rest = 'lease: 2s, tls: { caFile: ./rds.pem }, iam: { region: eu-west-1 }'
    const { engine, sources, problems } = load(`engine: { kind: postgres, url: { file: ./url }, ${rest} }`)
    expect(problems).toEqual([])
    expect(engine).toEqual({
      kind: 'postgres',
      url: { file: 'url' },
      leaseMs: 2000,
      tls: { mode: 'verify', caFile: 'rds.pem' },
      iam: { region: 'eu-west-1' },
    })
    // They are read at the start alone: an edit is no reload.
    expect(sources).not.toContain('url')
  })

  it('may do without TLS, in words', () => {
    expect(load(`engine: { kind: postgres, ${URL}, tls: off, lease: 1m }`).engine).toMatchObject({
      leaseMs: 60_000,
      tls: { mode: 'off' },
    })
  })

  it('never repeats a URL that stands in the file', () => {
    const { engine, problems } = load('engine: { kind: postgres, url: "postgres://curfew:hush-hush@db/curfew" }')
    expect(engine).toBeUndefined()
    expect(problems.join('\n')).toContain('a secret and does not belong in this file')
    expect(problems.join('\n')).not.toContain('hush')
  })

  it('says that the file of the trail has no effect beside a database, while that of the state names what lies beside it', () => {
    const { engine, problems } = load(
      `engine: { kind: postgres, ${URL} }\naudit: { file: ./a.jsonl }\nstate: { file: ./s.json }`,
    )
    expect(engine?.kind).toBe('postgres')
    expect(problems).toEqual([
      expect.stringContaining('the audit trail is in the database, and this key has no effect: remove it'),
    ])
  })
})

describe('a limit over all endpoints', () => {
  const policy = 'kind: max-sessions, limit: 1, across: all'
  const two = '[{ region: eu-central-1, discover: all }, { region: us-east-1, discover: all }]'
  const postgres = `engine: { kind: postgres, ${URL} }`

  it('is refused where replicas share more than one unit', () => {
    const { engine, problems } = load(postgres, { watch: two, policy })
    expect(engine).toBeUndefined()
    expect(problems).toEqual([expect.stringContaining('nobody counts over all endpoints: "watch" has 2 units')])
  })

  it.each([
    ['one process watches them', '', two],
    ['they are one unit', postgres, ONE_UNIT],
    [
      'two entries of `watch` are one unit',
      postgres,
      '[{ region: eu-central-1, discover: all }, { region: eu-central-1, endpoints: [cvpn-endpoint-0123456789abcdef0] }]',
    ],
  ])('is valid where %s', (_where, rest, watch) => {
    expect(load(rest, { watch, policy }).problems).toEqual([])
  })

  it('on each endpoint is valid everywhere', () => {
    expect(load(postgres, { watch: two, policy: 'kind: max-sessions, limit: 1' }).problems).toEqual([])
  })
})

describe('entries that may be one account', () => {
  const role = (account: string) => `assumeRole: { arn: "arn:aws:iam::${account}:role/curfew" }`
  const entry = (...keys: readonly string[]) => `{ ${['region: eu-central-1', 'discover: all', ...keys].join(', ')} }`
  const postgres = `engine: { kind: postgres, ${URL} }`

  it.each([
    ['one has a role and one has none', [entry(), entry(role('111122223333'))], 'Give every entry of eu-central-1 an'],
    [
      'one has a role and a URL, and one has neither',
      [entry(role('111122223333'), 'endpointUrl: "https://ec2.example"'), entry()],
      'Give every entry of eu-central-1 an',
    ],
    [
      'the roles are of one account, and the URLs differ',
      [entry(role('111122223333')), entry(role('111122223333'), 'endpointUrl: "https://ec2.example"')],
      'Write the same "endpointUrl" in both',
    ],
    [
      'one is a stand-in, and the other one AWS',
      [entry(), entry('endpointUrl: "http://127.0.0.1:4566"')],
      'Write the same "endpointUrl" in both',
    ],
  ])('are refused where %s', (_where, entries, advice) => {
    const watch = `[${entries.join(', ')}]`
    const { engine, problems } = load(postgres, { watch })
    expect(engine).toBeUndefined()
    expect(problems).toEqual([expect.stringContaining(advice)])
    expect(load('', { watch }).problems).toEqual([])
  })

  it.each([
    ['each has a role of another account', [entry(role('111122223333')), entry(role('444455556666'))]],
    ['they are one unit', [entry(), entry()]],
    ['the Regions differ', [entry(role('111122223333')), '{ region: us-east-1, discover: all }']],
    [
      'both are stand-ins on this machine',
      [entry('endpointUrl: "http://127.0.0.1:4566"'), entry('endpointUrl: "http://127.0.0.1:4567"')],
    ],
  ])('are valid where %s', (_where, entries) => {
    expect(load(postgres, { watch: `[${entries.join(', ')}]` }).problems).toEqual([])
  })
})
