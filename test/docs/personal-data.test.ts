import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import type { AuditRecord } from '../../src/app/audit.ts'
import { notificationOf } from '../../src/app/notification.ts'
import type { State } from '../../src/app/state.ts'
import type { GuardMemory } from '../../src/domain/guard/guard.ts'
import type { KeptMemory } from '../../src/domain/judge/memory.ts'
import type { KeptTermination } from '../../src/domain/terminate/termination.ts'
import { EVENTS } from '../adapters/log/events.ts'
import { tableAfter } from './pages.ts'

const PAGE = 'docs/personal-data.md'

const wordsOf = (text = ''): readonly string[] => [...text.matchAll(/`([^`]+)`/g)].map(([, word = '']) => word)

/** The keys of every member of a union. */
type KeysOf<Union> = Union extends unknown ? keyof Union : never

/** A field that is missing here does not compile: a new one is put here, and into the table of the page. */
const TRAIL: { readonly [Field in KeysOf<AuditRecord> | 'seq' | 'prev']: true } = {
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

type StateField =
  | keyof State
  | keyof KeptMemory
  | KeysOf<KeptTermination>
  | keyof KeptTermination['violation']
  | keyof GuardMemory
  | keyof GuardMemory['counted'][number]

const STATE: { readonly [Field in StateField]: true } = {
  policies: true,
  policySets: true,
  policySetHash: true,
  endpoints: true,
  watchedSince: true,
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
}

/** The rows of both tables on the page about the log, which other tests compare with real lines. */
const logFields = () =>
  ['needs action.', 'These events come from single parts of the daemon:'].flatMap((heading) =>
    tableAfter('docs/log.md', heading).flatMap((cells) => wordsOf(cells.at(-2))),
  )

const notificationFields = () =>
  Object.values(EVENTS).flatMap((event) => Object.keys(notificationOf(event, 0)?.data ?? {}))

/** The fields of answers about connections and files on the page about JSON, which another test compares with real output. */
const jsonFields = () =>
  readFileSync('docs/json-output.md', 'utf8')
    .split('\nIn `')
    .filter((section) => /^(?:plan|connections|explain|validate) /.test(section))
    .flatMap((section) => [...section.matchAll(/^\| `(\w+)` \|/gm)].map(([, field = '']) => field))

const STREAMS = {
  'audit trail': Object.keys(TRAIL),
  log: logFields(),
  'state file': Object.keys(STATE),
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
