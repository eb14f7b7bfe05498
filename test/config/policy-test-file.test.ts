import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { parse } from 'yaml'
import { loadPolicyTest } from '../../src/config/policy-tests/policy-test-file.ts'
import { listPolicyTests, usualTestFolders } from '../../src/config/policy-tests/policy-test-list.ts'
import { testJsonSchema } from '../../src/config/schema/json-schema.ts'
import { formatProblem, type Problem } from '../../src/config/yaml/problem.ts'
import { createPolicyTester } from '../../src/domain/judge/policy-test.ts'
import { NEVER } from '../../src/domain/time/instant.ts'
import { EVERYTHING, POLICIES } from './good-policy-test.ts'
import { type JsonSchema, schemaFaults } from './json-schema-reader.ts'
import { type Entry, memoryFiles } from './memory-files.ts'

const load = (text: string, around: Readonly<Record<string, Entry>> = {}) =>
  loadPolicyTest(memoryFiles({ 'policies.yaml': POLICIES, 'x.test.yaml': text, ...around }), 'x.test.yaml')

const head = 'version: 1\npolicies: [./policies.yaml]\ncases:\n'
const loadCase = (text: string) => load(`${head}  - ${text}\n`)

describe('a policy test file', () => {
  it.each([
    ['policies.yaml', '2:1', 'this is a file of policies, not a policy test: "curfew validate" checks it'],
    ['curfew.yaml', '3:1', 'this is the daemon\'s own file, not a policy test: "curfew validate" checks it'],
  ])('is not %s, which curfew validate checks', (path, place, message) => {
    const files = memoryFiles({
      'policies.yaml': POLICIES,
      'curfew.yaml': 'version: 1\npolicies: [./policies.yaml]\nwatch: [{ region: eu-central-1, discover: all }]\n',
    })
    const { problems, test } = loadPolicyTest(files, path)
    expect(problems.map(formatProblem)).toEqual([expect.stringContaining(`${path}:${place}: error: ${message}`)])
    expect(test).toBeUndefined()
  })

  it('has cases with every key', () => {
    const { problems, test } = load(EVERYTHING)
    expect(problems).toEqual([])
    expect(test?.policies.map(({ name }) => name)).toEqual(['daily', 'quiet'])
    const [one, other] = test?.cases ?? []
    expect(one).toMatchObject({ name: 'every key', place: 'x.test.yaml:4:5', at: Date.parse('2026-11-23T17:36:00Z') })
    expect(one?.connections).toEqual([
      {
        connection: {
          id: 'a',
          username: 'alice',
          commonName: 'alice.example',
          endpointId: 'cvpn-endpoint-0123456789abcdef0',
          region: 'us-east-1',
          establishedAt: Date.parse('2026-11-23T08:00:00Z'),
          status: 'failed-to-terminate',
          ingressBytes: 12,
          egressBytes: 5120,
          posture: ['compliant'],
        },
        endpointName: 'berlin',
        tags: new Map([
          ['env', 'prod'],
          ['empty', ''],
        ]),
        lastActivityAt: Date.parse('2026-11-23T17:30:00Z'),
        expected: { expect: 'terminate', by: ['daily'], nextAt: NEVER },
      },
    ])
    expect(one?.cuts).toMatchObject([
      { connection: { username: 'bob' }, policy: 'daily', at: Date.parse('2026-11-23T17:00:00Z') },
    ])
    expect(other?.connections.map(({ expected }) => expected)).toEqual([
      { expect: 'keep', by: [], nextAt: Date.parse('2026-11-24T00:00:00Z') },
      { expect: 'terminate', by: undefined, nextAt: undefined },
    ])
  })

  it('leaves facts unknown that are not given, except the endpoint, the Region and the status', () => {
    const [unnamed, idle] = load(EVERYTHING).test?.cases[1]?.connections ?? []
    expect(unnamed?.connection).toMatchObject({
      endpointId: 'cvpn-endpoint-00000000000000000',
      region: 'eu-central-1',
      status: 'active',
      username: undefined,
      commonName: undefined,
      establishedAt: undefined,
      ingressBytes: 0,
      egressBytes: undefined,
      posture: undefined,
    })
    expect(unnamed?.lastActivityAt).toBeUndefined()
    // With `lastActivity` the value of a counter does not matter, so it need not be given.
    expect(idle?.connection).toMatchObject({ ingressBytes: 0, egressBytes: 0 })
    expect(idle?.connection.id).not.toBe(unnamed?.connection.id)
  })

  it('can expect the same decision for all connections of a case', () => {
    const { test } = loadCase(
      '{ name: n, at: 2026-11-23T12:00:00Z, connections: [{ id: a }, { id: b }], expect: keep }',
    )
    expect(test?.cases[0]?.connections.map(({ expected }) => expected.expect)).toEqual(['keep', 'keep'])
  })

  it('can name several policy files and folders, relative to itself', () => {
    const files = memoryFiles({
      'sets/a.yaml': 'version: 1\npolicies: [{ name: a, kind: max-session-age, maxAge: 1h }]\n',
      'sets/a.test.yaml': 'not a policy',
      'tests/b.yaml': 'version: 1\npolicies: [{ name: b, kind: max-session-age, maxAge: 1h }]\n',
      'tests/x.test.yaml':
        'version: 1\npolicies: [../sets, ./b.yaml]\ncases: [{ name: n, at: 2026-11-23T12:00:00Z, connection: {}, expect: keep }]\n',
    })
    const { problems, test } = loadPolicyTest(files, 'tests/x.test.yaml')
    expect(problems).toEqual([])
    expect(test?.policies.map(({ name }) => name)).toEqual(['a', 'b'])
  })
})

const AT = 'at: 2026-11-23T12:00:00Z'

/** The mistake, the text of the file, and each problem as LINE:COLUMN and a part of its message. */
const BROKEN: ReadonlyArray<
  readonly [mistake: string, text: string, problems: ReadonlyArray<readonly [string, string]>]
> = [
  ['an empty file', '', [['1:1', 'the file is empty']]],
  ['a list', '- 1\n', [['1:1', 'expected a map']]],
  ['invalid YAML', 'version: [1\n', [['2:1', '']]],
  ['a version of the future', head.replace('1', '2') + okCase(), [['1:10', 'expected 1']]],
  ['no policies', `version: 1\ncases:\n${okCase()}`, [['1:1', 'the key "policies" is missing']]],
  ['no cases', head.replace('cases:\n', ''), [['1:1', 'the key "cases" is missing']]],
  ['an empty list of cases', head.replace('cases:\n', 'cases: []\n'), [['3:8', 'the list is empty']]],
  ['a misspelled key', `${head}${okCase()}polices: []\n`, [['5:1', 'did you mean "policies"?']]],
  [
    'a policy file that does not exist',
    head.replace('policies.yaml', 'no.yaml') + okCase(),
    [['2:12', 'does not exist']],
  ],
  ['a file without a policy', head.replace('policies.yaml', 'none.yaml') + okCase(), [['2:11', 'no policy was found']]],
  ['a number as a case', `${head}  - 17\n`, [['4:5', 'expected a case']]],
  ['a case that is null', `${head}  - ~\n`, [['4:5', 'expected a case']]],
  ['no name', bad(`${AT}, connection: {}, expect: keep`), [['4:5', 'the key "name" is missing']]],
  ['no instant', bad('name: n, connection: {}, expect: keep'), [['4:5', 'the key "at" is missing']]],
  [
    'an instant without a zone',
    bad('name: n, at: 2026-11-23T12:00, connection: {}, expect: keep'),
    [['4:20', 'no zone']],
  ],
  ['no connection', bad(`name: n, ${AT}, expect: keep`), [['4:5', 'the case has no connection']]],
  [
    'both connection and connections',
    bad(`name: n, ${AT}, connection: {}, connections: [{}], expect: keep`),
    [['4:58', 'also has "connection"']],
  ],
  ['no expectation', bad(`name: n, ${AT}, connection: {}`), [['4:5', '"expect" is missing']]],
  ['by without expect', bad(`name: n, ${AT}, connection: {}, by: [daily]`), [['4:5', 'next to "by"']]],
  [
    'expect in the case and in a connection',
    bad(`name: n, ${AT}, connection: { expect: keep }, expect: keep`),
    [['4:56', 'for the case or for each connection']],
  ],
  [
    'expect for one of two connections',
    bad(`name: n, ${AT}, connections: [{ expect: keep }, {}]`),
    [['4:74', '"expect" is missing']],
  ],
  [
    'nextAt in a connection and expect in the case',
    bad(`name: n, ${AT}, connection: { nextAt: never }, expect: keep`),
    [['4:56', 'the connection has "nextAt"']],
  ],
  ['a misspelled decision', bad(`name: n, ${AT}, connection: {}, expect: kepp`), [['4:66', 'did you mean "keep"?']]],
  ['a misspelled nextAt', bad(`name: n, ${AT}, connection: {}, expect: keep, nextAt: nevr`), [['4:80', 'or never']]],
  [
    'a misspelled policy',
    bad(`name: n, ${AT}, connection: {}, expect: keep, by: [dayly]`),
    [['4:77', 'did you mean "daily"?']],
  ],
  [
    'a misspelled policy in a connection',
    bad(`name: n, ${AT}, connections: [{ expect: keep, by: [dayly] }]`),
    [['4:77', 'did you mean "daily"?']],
  ],
  [
    'a termination by an unknown policy',
    bad(`name: n, ${AT}, connection: {}, expect: keep, cuts: [{ username: a, policy: nobody, ${AT} }]`),
    [['4:102', 'no policy "nobody"']],
  ],
  [
    'a termination after the case',
    bad(
      `name: n, ${AT}, connection: {}, expect: keep, cuts: [{ username: a, policy: daily, at: 2026-11-24T12:00:00Z }]`,
    ),
    [['4:113', 'later than the case']],
  ],
  [
    'an activity after the case',
    bad(`name: n, ${AT}, connection: { lastActivity: 2026-11-23T12:00:01Z }, expect: keep`),
    [['4:70', 'later than the case']],
  ],
  [
    'two connections with one id',
    bad(`name: n, ${AT}, connections: [{ id: a }, { id: a }], expect: keep`),
    [['4:73', 'has the id "a"']],
  ],
  [
    'two names of one endpoint',
    bad(`name: n, ${AT}, connections: [{ endpointName: a }, { endpointName: b }], expect: keep`),
    [['4:93', 'another connection of the endpoint']],
  ],
  [
    'two sets of tags of one endpoint',
    bad(`name: n, ${AT}, connections: [{ tags: { a: b } }, {}, { tags: {} }], expect: keep`),
    [['4:88', 'another connection of the endpoint']],
  ],
  [
    'a number as a name',
    bad(`name: n, ${AT}, connection: { username: 7 }, expect: keep`),
    [['4:66', 'in quotes, "7"']],
  ],
  [
    'a misspelled key of a connection',
    bad(`name: n, ${AT}, connection: { etablished: 2026-11-23T11:00:00Z }, expect: keep`),
    [['4:56', 'did you mean "established"?']],
  ],
  [
    'a size without a unit',
    bad(`name: n, ${AT}, connection: { bytes: { in: 5x } }, expect: keep`),
    [['4:69', 'not a size']],
  ],
  ['negative bytes', bad(`name: n, ${AT}, connection: { bytes: { out: -1 } }, expect: keep`), [['4:70', 'at least 0']]],
  [
    'an empty posture',
    bad(`name: n, ${AT}, connection: { posture: [] }, expect: keep`),
    [['4:65', 'the list is empty']],
  ],
]

function okCase() {
  return '  - { name: n, at: 2026-11-23T12:00:00Z, connection: {}, expect: keep }\n'
}

function bad(keys: string) {
  return `${head}  - { ${keys} }\n`
}

const placed = ({ line, column, message }: Problem) => [`${line}:${column}`, message]

describe('a broken policy test file', () => {
  it.each(BROKEN)('with %s has the problem at its place', (_mistake, text, expected) => {
    const { problems, test } = load(text, { 'none.yaml': 'version: 1\n' })
    expect(problems.map((problem) => placed(problem)[0])).toEqual(expected.map(([place]) => place))
    expected.forEach(([, part], index) => expect(problems[index]?.message).toContain(part))
    expect(test).toBeUndefined()
  })

  it('has all problems reported at once, including those of the policies', () => {
    const text = `version: 1
policies: [./policies.yaml, ./wrong.yaml]
cases:
  - { name: one, at: noon, connection: { username: 7, bytes: 5 }, expect: kill }
  - { nam: two, at: 2026-11-23T12:00:00Z, connection: {} }
`
    const wrong = 'version: 1\npolicies: [{ name: w, kind: max-session-age, maxAge: 0s }]\n'
    expect(load(text, { 'wrong.yaml': wrong }).problems.map(formatProblem)).toEqual([
      expect.stringMatching(/^wrong\.yaml:2:54: error: policy "w": /),
      expect.stringMatching(/^x\.test\.yaml:4:22: error: "noon" is not an instant/),
      expect.stringMatching(/^x\.test\.yaml:4:52: error: 7 is a number/),
      expect.stringMatching(/^x\.test\.yaml:4:62: error: expected a map/),
      expect.stringMatching(/^x\.test\.yaml:4:75: error: expect is kill/),
      expect.stringMatching(/^x\.test\.yaml:5:5: error: "expect" is missing/),
      expect.stringMatching(/^x\.test\.yaml:5:7: error: unknown key "nam"/),
    ])
  })

  it('has no unknown policies if a policy file could not be read', () => {
    const text = bad(`name: n, ${AT}, connection: {}, expect: keep, by: [lost]`).replace('policies.yaml', 'lost.yaml')
    expect(load(text, { 'lost.yaml': 'version: [' }).problems.map(({ file }) => file)).toEqual(['lost.yaml'])
  })

  it('has a problem if it does not exist', () => {
    expect(loadPolicyTest(memoryFiles({}), 'x.test.yaml').problems).toMatchObject([{ file: 'x.test.yaml', line: 1 }])
  })

  it('never makes the loader throw, and every accepted file can be run', () => {
    const words = EVERYTHING.split(/(\s+|[{}[\],:])/)
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.nat(words.length - 1), fc.constantFrom('', '7', '~', '[]', '{}', 'keep', '\n', ': ')), {
          minLength: 1,
          maxLength: 4,
        }),
        (changes) => {
          const changed = [...words]
          for (const [index, word] of changes) changed[index] = word
          const text = changed.join('')
          const { problems, test } = load(text)
          for (const { line, column } of problems) {
            expect(line).toBeLessThanOrEqual(text.split('\n').length)
            expect(column).toBeGreaterThan(0)
          }
          expect(test === undefined).toBe(problems.length > 0)
          const run = createPolicyTester(test?.policies ?? [])
          for (const one of test?.cases ?? []) expect(run(one).length).toBeLessThanOrEqual(one.connections.length)
        },
      ),
    )
  })
})

describe('finding policy tests', () => {
  const TEST = 'version: 1\n'
  const tree = {
    'config/policies/b.test.yaml': TEST,
    'config/policies/a.test.yml': TEST,
    'config/policies/c.yaml': POLICIES,
    'config/policies/.d.test.yaml': TEST,
    'config/policies/deeper/e.test.yaml': TEST,
    'config/policies/link.test.yaml': { link: 'b.test.yaml' },
    'config/f.test.yaml': TEST,
    'odd.yaml': TEST,
  }
  const find = (paths: readonly string[]) => {
    const problems: Problem[] = []
    return { found: listPolicyTests(memoryFiles(tree), paths, (problem) => problems.push(problem)), problems }
  }

  it('reads folders one level deep, accepts a file with any name, and lists each file once', () => {
    expect(find(['config/policies', 'odd.yaml', 'config/policies/b.test.yaml'])).toEqual({
      found: ['config/policies/a.test.yml', 'config/policies/b.test.yaml', 'odd.yaml'],
      problems: [],
    })
  })

  it('reports a path that does not exist', () => {
    const { found, problems } = find(['nowhere', 'config'])
    expect(found).toEqual(['config/f.test.yaml'])
    expect(problems).toMatchObject([{ file: 'nowhere', message: expect.stringContaining('does not exist') as string }])
  })

  it.each([
    ['in the folder of a missing daemon’s file', undefined, ['config']],
    [
      'in the folders of the policies that the daemon’s file names',
      'policies: [./policies, ../odd.yaml]\n',
      ['config/policies', '.'],
    ],
    ['in the folder of a daemon’s file without policies', 'mode: audit\n', ['config']],
  ])('searches %s if no path is given', (_where, text, folders) => {
    const files = memoryFiles(text === undefined ? tree : { ...tree, 'config/curfew.yaml': text })
    expect(usualTestFolders(files, 'config/curfew.yaml', () => {})).toEqual(folders)
  })

  it('reports a daemon’s file that cannot be read', () => {
    const problems: Problem[] = []
    usualTestFolders(memoryFiles({ 'curfew.yaml': 'a: [' }), 'curfew.yaml', (problem) => problems.push(problem))
    expect(problems).toMatchObject([{ file: 'curfew.yaml', severity: 'error' }])
  })
})

describe('the JSON Schema of policy tests', () => {
  const schema = testJsonSchema() as JsonSchema
  const faults = (text: string) => schemaFaults(schema, parse(text, { schema: 'core' }))

  it('accepts and describes every key', () => {
    expect(faults(EVERYTHING)).toEqual([])
    const one = schema.properties?.cases?.items ?? {}
    const { connection = {}, connections = {} } = one.properties ?? {}
    for (const { properties } of [schema, one, connection, connections.items ?? {}]) {
      expect(Object.entries(properties ?? {}).filter(([, { description }]) => !description)).toEqual([])
    }
  })

  it.each(['a misspelled key', 'no cases', 'a misspelled decision', 'negative bytes', 'a number as a name', 'no name'])(
    'refuses a file with %s',
    (mistake) => {
      expect(faults(BROKEN.find(([name]) => name === mistake)?.[1] ?? '')).not.toEqual([])
    },
  )
})
