import { outcomeOf, type TrailEntry, type TrailTermination } from '../app/trail-entries.ts'
import type { TrailRecord } from '../app/trail-record.ts'
import { printable } from '../domain/printable.ts'

/** The facts that any record may have, in the order of the output; what a record lacks is null. */
const about = (record: TrailRecord) => ({
  endpointId: record.endpointId ?? null,
  account: record.account ?? null,
  region: record.region ?? null,
  connectionId: record.connectionId ?? null,
  username: record.username ?? null,
  commonName: record.commonName ?? null,
  policy: record.policy ?? null,
  reason: record.reason ?? null,
  because: record.because ?? null,
  alsoBy: record.alsoBy ?? [],
  since: record.since ?? null,
  deadline: record.deadline ?? null,
  policySetHash: record.policySetHash ?? null,
})

const rowOfTermination = (termination: TrailTermination) => ({
  entry: termination.entry,
  outcome: outcomeOf(termination) ?? null,
  ...about(termination.last),
  calls: termination.calls.map(({ policy = null, ...call }) => ({ ...call, policy })),
  results: termination.results.map(({ callId = null, requestId = null, ...result }) => ({
    ...result,
    callId,
    requestId,
  })),
})

const rowOfEvent = ({ seq, time, event, ...fields }: TrailRecord) => {
  const {
    prev: _prev,
    call: _call,
    requestId: _requestId,
    outcome: _outcome,
    ...rest
  } = fields as Record<string, unknown>
  return { entry: 'event', seq, time, event, ...rest, ...about({ seq, time, event, ...fields }) }
}

/** An entry as JSON gives it. An event has the fields of its record too that only few events have. */
export const rowOf = (entry: TrailEntry) =>
  entry.entry === 'termination' ? rowOfTermination(entry) : rowOfEvent(entry.record)

const COLUMNS = [
  'seq',
  'time',
  'event',
  'outcome',
  'outcomeAt',
  'endpointId',
  'account',
  'region',
  'connectionId',
  'username',
  'commonName',
  'policy',
  'reason',
  'because',
  'alsoBy',
  'since',
  'deadline',
  'calls',
  'requestId',
  'policySetHash',
  'details',
] as const

/** A cell that begins with one of these is a formula to a spreadsheet. Anybody can choose such a user name. */
const FORMULA = /^[=+\-@]/

/** A line feed in a name is an escape: each entry is one line, also to a reader that does not know quoted cells. */
const cellOf = (raw: string): string => {
  const text = printable(raw)
  const safe = FORMULA.test(text) ? `'${text}` : text
  return /[",]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe
}

const lineOf = (cells: readonly string[]) => cells.map(cellOf).join(',')

export const CSV_HEADER = lineOf(COLUMNS)

/** The header of entries from files, or of those from units in a database. */
export const csvHeader = (isOfUnits: boolean): string => (isOfUnits ? lineOf([...COLUMNS, 'unit']) : CSV_HEADER)

/** The further fields of an event as JSON, as in the other output. The text of a policy set is too long for a cell. */
const detailsOf = (record: TrailRecord): string => {
  const { entry: _entry, ...fields } = rowOfEvent(record)
  const further = Object.entries(fields).filter(([key]) => key !== 'text' && !COLUMNS.some((column) => column === key))
  return further.length === 0 ? '' : JSON.stringify(Object.fromEntries(further))
}

/**
 * An entry as a line of CSV (RFC 4180). A termination has the time and the number of its first record. An entry of a unit
 * has it in a further column.
 */
export const csvOf = (entry: TrailEntry, unit: string | undefined): string => {
  const isEvent = entry.entry === 'event'
  const { alsoBy, ...facts } = about(isEvent ? entry.record : entry.last)
  const { calls, results } = isEvent ? { calls: [], results: [] } : entry
  const [call, result] = [calls[0], results.at(-1)]
  const cells: Partial<Record<(typeof COLUMNS)[number], string | number | null | undefined>> = {
    ...facts,
    seq: isEvent ? entry.record.seq : (call?.seq ?? results[0]?.seq),
    time: isEvent ? entry.record.time : (call?.intentAt ?? results[0]?.at),
    event: isEvent ? entry.record.event : 'termination',
    outcome: result?.outcome,
    outcomeAt: result?.at,
    alsoBy: alsoBy.join(' '),
    calls: isEvent ? undefined : calls.map(({ id }) => id).join(' '),
    requestId: result?.requestId,
    details: isEvent ? detailsOf(entry.record) : undefined,
  }
  return lineOf([...COLUMNS.map((column) => String(cells[column] ?? '')), ...(unit === undefined ? [] : [unit])])
}
