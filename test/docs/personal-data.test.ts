import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import type { AuditRecord } from '../../src/app/audit.ts'
import { notificationOf } from '../../src/app/notification.ts'
import type { State } from '../../src/app/state.ts'
import { rowOf } from '../../src/cli/trail-row.ts'
import { type HistoryLine, historyText } from '../../src/domain/recording/history-line.ts'
import { EVENTS } from '../adapters/log/events.ts'
import { connection } from '../domain/build.ts'
import { tableAfter } from './pages.ts'

const PAGE = 'docs/personal-data.md'

const wordsOf = (text = ''): readonly string[] => [...text.matchAll(/`([^`]+)`/g)].map(([, word = '']) => word)

/** The fields of a value and of everything in it, of every member of a union. Keys that are names count as no fields. */
type FieldsOf<Value> = Value extends readonly (infer Item)[]
  ? FieldsOf<Item>
  : Value extends object
    ? string extends keyof Value
      ? FieldsOf<Value[keyof Value]>
      : keyof Value | { [Key in keyof Value]-?: FieldsOf<Value[Key]> }[keyof Value]
    : never

/** A field that is missing here does not compile: a new one is put here, and into the table of the page. */
const TRAIL: { readonly [Field in FieldsOf<AuditRecord> | 'seq' | 'prev']: true } = {
  seq: true,
  time: true,
  event: true,
  endpointId: true,
  account: true,
  region: true,
  connectionId: true,
  username: true,
  commonName: true,
  policy: true,
  alsoBy: true,
  reason: true,
  because: true,
  since: true,
  deadline: true,
  heldBy: true,
  target: true,
  lead: true,
  endsAt: true,
  why: true,
  extension: true,
  by: true,
  via: true,
  call: true,
  id: true,
  selector: true,
  requestId: true,
  outcome: true,
  list: true,
  added: true,
  removed: true,
  part: true,
  parts: true,
  text: true,
  policySetHash: true,
  prev: true,
}

/** The state, in the file that says its version and its hash. */
type StateField = FieldsOf<State> | 'version' | 'sha256' | 'state'

const STATE: { readonly [Field in StateField]: true } = {
  accepted: true,
  next: true,
  policies: true,
  policySets: true,
  policySetHash: true,
  endpoints: true,
  watchedSince: true,
  watchedUntil: true,
  firstSeen: true,
  countersMovedAt: true,
  notes: true,
  graceStarted: true,
  terminated: true,
  warned: true,
  extended: true,
  guard: true,
  facts: true,
  terminations: true,
  state: true,
  violation: true,
  attempts: true,
  callId: true,
  selector: true,
  leftAt: true,
  answeredAt: true,
  requestId: true,
  absences: true,
  heard: true,
  tryAgainAt: true,
  connectionId: true,
  username: true,
  commonName: true,
  policy: true,
  reason: true,
  since: true,
  deadline: true,
  because: true,
  alsoBy: true,
  limits: true,
  standings: true,
  counted: true,
  trial: true,
  principal: true,
  at: true,
  isArrival: true,
  acts: true,
  bytes: true,
  before: true,
  changedAt: true,
  comparedAt: true,
  goneAt: true,
  granted: true,
  hash: true,
  lookAheadMs: true,
  maxPercent: true,
  minConnections: true,
  most: true,
  name: true,
  of: true,
  reselectedAt: true,
  set: true,
  sha256: true,
  tags: true,
  until: true,
  version: true,
  wasHeld: true,
}

/** The lines of the history, as JSON. */
const historyFields = () => {
  const known = { establishedAt: 0, endedAt: 0, username: 'x', commonName: 'x', posture: [] }
  const [one, place] = [connection(known), { endpointId: 'x', region: 'x' }]
  const lines: readonly HistoryLine[] = [
    { event: 'first-seen', time: 0, connection: one },
    { event: 'gone', time: 0, connection: one, lastSeenAt: 0, endedBy: { by: 'curfew', policy: 'x', reason: 'x' } },
    { event: 'shown', time: 0, ...place, connections: 1 },
  ]
  return lines.flatMap((line) => Object.keys(JSON.parse(historyText(line)) as object))
}

/** The fields of every line, and of every line about an endpoint. */
const EACH_LINE = ['time', 'level', 'event', 'msg', 'vpn_endpoint', 'name', 'account', 'region']

/** These and the rows of both tables on the page about the log, which other tests compare with real lines. */
const logFields = () => [
  ...EACH_LINE,
  ...['needs action.', 'These events come from single parts of the daemon:'].flatMap((heading) =>
    tableAfter('docs/log.md', heading).flatMap((cells) => wordsOf(cells.at(-2))),
  ),
]

const notificationFields = () =>
  Object.values(EVENTS).flatMap((event) => Object.keys(notificationOf(event, 0)?.data ?? {}))

const fieldsOf = (value: unknown): readonly string[] =>
  typeof value === 'object' && value !== null
    ? [...(Array.isArray(value) ? [] : Object.keys(value)), ...Object.values(value).flatMap(fieldsOf)]
    : []

const RECORD = { seq: 1, time: '2026-12-01T08:00:00.000Z', event: 'outcome' }

/** The entries of `audit show`. An event has the fields of its record. */
const trailFields = () => [
  ...fieldsOf(
    rowOf({
      entry: 'termination',
      last: RECORD,
      calls: [{ id: 'x', selector: 'username', intentAt: RECORD.time, seq: 1, policy: undefined }],
      results: [{ at: RECORD.time, outcome: 'confirmed', seq: 2, callId: 'x', requestId: 'r' }],
    }),
  ),
  ...Object.keys(TRAIL).filter((field) => field !== 'prev' && field !== 'call'),
  'named',
]

/** The fields of every command on the page about JSON, which another test compares with real output, and of the trail. */
const jsonFields = () => [
  ...[...readFileSync('docs/json-output.md', 'utf8').matchAll(/^\| `(\w+)` \|/gm)].map(([, field = '']) => field),
  ...trailFields(),
]

const STREAMS = {
  'audit trail': Object.keys(TRAIL),
  log: logFields(),
  'state file': Object.keys(STATE),
  history: historyFields(),
  notifications: notificationFields(),
  'JSON output': jsonFields(),
}

describe('the page about personal data', () => {
  const table = tableAfter(PAGE, '## The fields')
  const header = /^\| field .*$/m.exec(readFileSync(PAGE, 'utf8'))?.[0].split('|').slice(3, -1)
  const [, others = ''] = readFileSync(PAGE, 'utf8').split('### Every other field\n')

  it('has a column for each stream', () => {
    expect(header?.map((cell) => cell.trim())).toEqual(Object.keys(STREAMS))
  })

  it.each(Object.entries(STREAMS))('says of every field of %s whether it is personal data', (stream, fields) => {
    const column = 2 + Object.keys(STREAMS).indexOf(stream)
    const personal = table.filter((cells) => cells[column] !== '–').flatMap(([cell]) => wordsOf(cell))
    const row = others.split('\n').find((line) => line.startsWith(`| ${stream} `))
    const notPersonal = wordsOf(row)
    expect([...personal, ...notPersonal].toSorted()).toEqual([...new Set(fields)].toSorted())
  })
})
