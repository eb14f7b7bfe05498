import { readFileSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { isDeepStrictEqual } from 'node:util'
import { describe, expect, it } from 'vitest'
import { engineStatusJson } from '../../src/cli/engine-status.ts'
import { type HistoryLine, historyText } from '../../src/domain/recording/history-line.ts'
import { HOUR, MINUTE } from '../../src/domain/time/instant.ts'
import { CONFIG, NOW, PARTNERS, POLICIES, startCompany } from '../cli/company.ts'
import { changeKept, terminationOf } from '../cli/kept-state.ts'
import { loggedWeek } from '../cli/logged-week.ts'
import { OFFICE } from '../cli/office.ts'
import { connection } from '../domain/build.ts'
import { blocks } from './pages.ts'

const PAGE = 'docs/json-output.md'

type Json = null | boolean | number | string | readonly Json[] | { readonly [field: string]: Json }

/** The type of each field on the page, by its command and path, such as `plan .endpoints[].held[].policy`. */
const documented = (): ReadonlyMap<string, string> => {
  const tables = readFileSync(PAGE, 'utf8').matchAll(/^(?:.*\. )?In (`.*):\n\n\| field .*\n\|---.*\n((?:\|.*\n)+)/gm)
  const rows = [...tables].flatMap(([, places = '', table = '']) =>
    [...places.matchAll(/`([^`]+)`/g)].flatMap(([, place = '']) =>
      [...table.matchAll(/^\| `(\w+)` \| (.*?) \|/gm)].map(([, field, type = '']): [string, string] => [
        `${place.endsWith(' .') ? place : `${place}.`}${field}`,
        type,
      ]),
    ),
  )
  return new Map(rows)
}

/** Every field of the output with its value. `place` is the path so far. */
function* fieldsOf(value: Json, place: string): Generator<readonly [string, Json]> {
  if (Array.isArray(value)) {
    for (const one of value) yield* fieldsOf(one as Json, `${place}[]`)
  } else if (typeof value === 'object' && value !== null) {
    for (const [field, one] of Object.entries(value)) {
      const path = `${place.endsWith(' .') ? place : `${place}.`}${field}`
      yield [path, one]
      yield* fieldsOf(one, path)
    }
  }
}

function* partsOf(value: Json): Generator<Json> {
  yield value
  if (typeof value === 'object' && value !== null) for (const one of Object.values(value)) yield* partsOf(one as Json)
}

const IS: Readonly<Record<string, (value: Json) => boolean>> = {
  text: (value) => typeof value === 'string',
  instant: (value) => typeof value === 'string' && /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/.test(value),
  number: (value) => typeof value === 'number',
  boolean: (value) => typeof value === 'boolean',
  list: (value) => Array.isArray(value),
  object: (value) => typeof value === 'object' && value !== null && !Array.isArray(value),
  null: (value) => value === null,
}

/** Whether the value has a type such as `text or null`, or is one of the words in backquotes. */
const hasType = (value: Json, type: string): boolean =>
  type.split(/, | or /).some((one) => (one.startsWith('`') ? value === one.slice(1, -1) : (IS[one]?.(value) ?? false)))

/** The output of each command for endpoints with connections in every state, and for one that cannot be read. */
const outputs = async (): Promise<ReadonlyArray<readonly [command: string, output: Json]>> => {
  const found: (readonly [string, Json])[] = []
  await using blind = await startCompany({ isBlind: true })
  await using company = await startCompany()
  const { here, ids } = company
  const config = ['-c', 'curfew.yaml']
  const { stdout: hash } = await here.run(['validate', '--hash', ...config])
  const add = async ({ here, env }: typeof company, command: string, ...args: readonly string[]) => {
    const { stdout, stderr } = await here.run(
      [...command.replace('HASH', hash.trim()).split(' '), ...args, '--output', 'json'],
      env,
    )
    if (stdout === '') throw new Error(`${command}: ${stderr}`)
    const output = JSON.parse(stdout) as Json
    found.push([command, output])
  }
  await here.write('edited/policies.yaml', POLICIES.replace('maxAge: 8h, grace: 15m', 'maxAge: 1h'))
  const tagged = 'kind: max-session-age, maxAge: 8h, match: { endpoints: ["tag:env=staging"] }'
  await here.write('unmatched/policies.yaml', `${POLICIES}  - { name: staging, ${tagged} }\n`)
  await here.write('broken.yaml', `${POLICIES}  - { name: typo, kind: max-session-age, maxAge: 8hours }\nunknown: 1\n`)
  const begun = terminationOf(ids.mallory, 'mallory', 'leavers', NOW - 10 * MINUTE)
  await changeKept(here, { region: 'us-east-1', endpointId: PARTNERS }, (kept) => ({
    ...kept,
    terminations: [{ ...begun, state: 'given-up', heard: 'read', absences: 0, tryAgainAt: NOW + 4 * MINUTE }],
  }))
  for (const one of [company, blind]) {
    await add(one, 'plan', ...config)
    await add(one, 'connections', ...config)
    await add(one, 'explain', '--user', 'mallory', ...config)
  }
  await add(company, 'doctor', ...config)
  const unit = { isHeld: true, holder: 'one', epoch: 2, head: { seq: 7, hash: 'ab' }, savedAt: NOW } as const
  const engine = engineStatusJson({
    acceptedAt: NOW,
    units: [
      { ...unit, unit: 'eu-central-1 own', grantedAt: NOW },
      { ...unit, unit: 'us-east-1 own', isHeld: false, holder: undefined, grantedAt: undefined, savedAt: undefined },
    ],
    generations: [{ generation: 1, configurationHash: 'cd', declaredBy: 'one', declaredAt: NOW, members: 1 }],
  })
  found.push(['engine status', JSON.parse(JSON.stringify(engine)) as Json])
  await add(company, 'plan', '--against', 'edited', ...config)
  await add(company, 'plan', '--against', 'unmatched', ...config)
  await add(company, 'explain', '--connection', ids.bob, ...config)
  await add(company, 'explain --imagine', '--user', 'frank', ...config)
  const knocking = ['mallory', '--idp-group', 'partners', '--platform', 'win', '--public-ip', '198.51.100.7']
  await add(company, 'explain --at-the-door', '--user', ...knocking, '--client-version', '5.2.1', ...config)
  await here.write('request.json', JSON.stringify({ 'endpoint-id': OFFICE, username: 'alice', groups: 7 }))
  await add(company, 'connect-handler try', 'request.json', ...config)
  const extendable = POLICIES.replace('grace: 15m', 'grace: 15m, warn: [15m], extend: { by: 1h, times: 1 }')
  await here.write('extendable.yaml', extendable)
  await here.write('extended.yaml', CONFIG.replace('./policies.yaml', './extendable.yaml'))
  await changeKept(here, { region: 'eu-central-1', endpointId: OFFICE }, (kept) => ({
    ...kept,
    extended: { [ids.bob]: { 'daily-reauthentication': { granted: 1, until: NOW + HOUR } } },
  }))
  await add(company, 'plan', '-c', 'extended.yaml')
  await add(company, 'explain', '--connection', ids.bob, '-c', 'extended.yaml')
  await here.write('key', '0123456789abcdef0123456789abcdef')
  await here.write('keyed.yaml', `${CONFIG}log: { pseudonymKey: { file: ./key } }\n`)
  await add(company, 'pseudonym', 'mallory', '-c', 'keyed.yaml')
  await add(company, 'validate', 'broken.yaml')
  await add(company, 'validate --hash', ...config)
  await add(company, 'connect-handler build', ...config, '--out', 'handler.zip')
  const at = '2026-11-23T12:00:00Z'
  const connection = '{ username: mallory, established: 2026-11-23T08:00:00Z }'
  const one = `at: ${at}, connection: ${connection}, expect: keep`
  await here.write(
    'some.test.yaml',
    `version: 1
policies: [./policies.yaml]
cases:
  - { name: mallory may stay, ${one}, by: [], nextAt: ${at} }
  - { name: mallory may stay for ever, ${one} }
`,
  )
  await here.write('broken.test.yaml', 'version: 1\npolicies: [./policies.yaml]\ncases: [{ name: nothing }]\n')
  await add(company, 'test', 'some.test.yaml', 'broken.test.yaml')
  const trail = await readFile(join(blind.here.folder, 'data/audit.jsonl'), 'utf8')
  await blind.here.write('later.jsonl', trail.split('\n').slice(1).join('\n'))
  await blind.here.write('changed.jsonl', trail.replace('"seq":2,', '"seq":3,'))
  const [, firstHash = ''] = /"prev":"(\w+)"/.exec(trail.split('\n')[1] ?? '') ?? []
  await add(blind, 'audit verify', 'data/audit.jsonl', '--anchor', `1:${firstHash}`)
  await add(blind, 'audit verify', 'later.jsonl', '--from', '2')
  await add(blind, 'audit verify', 'changed.jsonl')
  await add(blind, 'audit policies', ...config)
  await add(blind, 'audit policies HASH', ...config)
  await here.write('data/history.jsonl', HISTORY)
  await here.write('kept.yaml', `${CONFIG}history: {}\n`)
  await add(company, 'history', '-c', 'kept.yaml')
  await here.write('log.jsonl', loggedWeek())
  await here.write(
    'today.yaml',
    POLICIES.replace('maxAge: 6h', 'maxAge: 5h').replace('users: [mallory]', 'users: [eve]'),
  )
  await here.write('counters.yaml', `${POLICIES}  - { name: idle, kind: idle-timeout, after: 30m }\n`)
  const compared = ['--policies', 'counters.yaml', '--against', 'today.yaml', '--cuts', 'ends.jsonl']
  await add(company, 'backtest', 'log.jsonl', ...compared)
  const ends = (await readFile(join(here.folder, 'ends.jsonl'), 'utf8')).trimEnd().split('\n')
  found.push(['backtest --cuts', ends.map((line) => JSON.parse(line) as Json)])
  await add(company, 'version')
  return found
}

const SESSION = {
  ...connection({ username: 'bob', establishedAt: NOW - HOUR, posture: ['compliant'] }),
  endedAt: NOW - MINUTE,
  status: 'terminated',
}

/** A session that a policy has ended, one that left, one that is up, and one whose end is not known. */
const HISTORY = (
  [
    { event: 'first-seen', time: NOW - HOUR, connection: SESSION },
    {
      event: 'gone',
      time: NOW,
      connection: SESSION,
      lastSeenAt: NOW - MINUTE,
      endedBy: { by: 'curfew', policy: 'daily-reauthentication', reason: 'session-age' },
    },
    {
      event: 'gone',
      time: NOW,
      connection: connection({ username: undefined, commonName: undefined, establishedAt: undefined }),
      lastSeenAt: NOW - MINUTE,
      endedBy: { by: 'unknown' },
    },
    { event: 'first-seen', time: NOW - HOUR, connection: connection({ establishedAt: NOW - HOUR }) },
    { event: 'first-seen', time: NOW - 25 * HOUR, connection: connection({ establishedAt: NOW - 25 * HOUR }) },
  ] satisfies readonly HistoryLine[]
)
  .map((line) => `${historyText(line)}\n`)
  .join('')

describe('the page about JSON output', () => {
  it('lists exactly the fields of the real output, with their types, and its examples are parts of it', async () => {
    const types = documented()
    const shown = await outputs()
    // The content of a policy set has the fields of the operator's files, an answer those of AWS. The other objects have
    // words as keys.
    const isKeyed = (field: string) => /\.(content|answer|byReason|contradictions)\./.test(field)
    const fields = shown
      .flatMap(([command, output]) => [...fieldsOf(output, `${command} .`)])
      .filter(([field]) => !isKeyed(field.replace(' ', '')))
    expect([...new Set(fields.map(([field]) => field))].toSorted()).toEqual([...types.keys()].toSorted())
    const untrue = fields.filter(([field, value]) => !hasType(value, types.get(field) ?? ''))
    expect(untrue).toEqual([])

    const examples = blocks.filter(({ page, language }) => page === PAGE && language === 'json')
    expect(examples.length).toBeGreaterThan(1)
    const parts = shown.flatMap(([, output]) => [...partsOf(output)])
    const foreign = examples.filter(({ text }) => {
      const example = JSON.parse(text) as Json
      return !parts.some((part) => isDeepStrictEqual(part, example))
    })
    expect(foreign).toEqual([])
  })
})
