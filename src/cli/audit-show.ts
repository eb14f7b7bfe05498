import { once } from 'node:events'
import type { TrailGroup, TrailPeriod } from '../adapters/audit/read-trail.ts'
import { AUDIT_EVENTS } from '../app/audit.ts'
import { createNamedSets, isNamedBy } from '../app/named-sets.ts'
import { createTrailEntries, TERMINATION_EVENTS, type TrailEntry } from '../app/trail-entries.ts'
import type { TrailRecord } from '../app/trail-record.ts'
import { parsePattern } from '../domain/names/pattern.ts'
import { createUserList, principalNamesOf } from '../domain/names/user-list.ts'
import { printable } from '../domain/printable.ts'
import { type Instant, NEVER, toText } from '../domain/time/instant.ts'
import {
  CONFIG_OPTION,
  type Command,
  complain,
  EXIT,
  type Given,
  oneOf,
  outputOption,
  say,
  stringOf,
  stringsOf,
  UsageError,
} from './command.ts'
import { readAuditFiles } from './compose-audit.ts'
import { outputWidth, paragraph } from './lines.ts'
import { plural } from './number-text.ts'
import { pointInTime } from './point-in-time.ts'
import { trailOrComplain } from './trail-files.ts'
import { createTrailFlaws } from './trail-flaws.ts'
import { CSV_HEADER, csvOf, rowOf } from './trail-row.ts'
import { storyLines } from './trail-story.ts'

const OUTPUTS = ['table', 'json', 'csv'] as const

export const auditShow: Command = {
  about: `Shows the trail in the order of its records: each termination with its intent, its calls and their outcome,
and any other event in a line. Without files it shows the trail that the daemon's file names, with all its rotated
parts; gzip may have compressed them. A termination is shown as a whole if one of its records fits all filters.

The last line says which lines were read. To show is not to prove: "curfew audit verify" finds out whether the trail is
complete and unchanged.`,
  operands: { name: 'FILE', areMany: true },
  options: {
    user: {
      value: 'NAME',
      summary:
        'the user name or common name, compared as in policies; a pattern such as "*@corp.example", user:NAME or cn:NAME; also edits of lists and policy sets that name it',
    },
    connection: { value: 'ID', summary: 'any part of the id of a connection' },
    policy: { value: 'NAME', summary: 'the name of the policy' },
    since: {
      value: 'T',
      summary: 'from this instant on, such as 2026-12-01T18:30:00+01:00; or 24h: that long ago',
    },
    until: { value: 'T', summary: 'until before this instant, or so long ago' },
    event: { value: 'EVENT', words: AUDIT_EVENTS, multiple: true, summary: 'an event of the trail' },
    ...outputOption(OUTPUTS),
    ...CONFIG_OPTION,
  },
  exitCodes:
    '0; 1 if lines are missing, damaged or unfinished, if a file cannot be read, or, with --user, if the text of a policy set cannot.',
  async run({ values, positionals }) {
    const output = oneOf('output', values.output, OUTPUTS)
    const filter = filterOf(values)
    const files = await trailOrComplain('audit show FILE...', positionals, String(values.config))
    if (files === undefined) return EXIT.failed

    const shown = createOutput(output, filter.period)
    const trail = createTrailEntries(filter.isWanted, shown.add)
    const flaws = createTrailFlaws()
    const namedSets = filter.isUser && createNamedSets(filter.isUser)
    for await (const group of readAuditFiles(files, filter.period, filter)) {
      for (const record of group.records) {
        const found = record.event === 'policy-set' && namedSets ? namedSets.read(record) : record
        if (found !== undefined) trail.read(found)
      }
      flaws.add(group.flaws)
      shown.read(group)
      // A reader that is slower than the disk must not fill the memory.
      if (process.stdout.writableNeedDrain) await once(process.stdout, 'drain')
    }
    trail.end()
    shown.end()
    const unread = namedSets?.unread() ?? []
    for (const hash of unread) complain(`curfew: ${printable(hash)}: ${UNREAD_SET}`)
    return flaws.complain() || unread.length > 0 ? EXIT.failed : EXIT.ok
  },
}

const UNREAD_SET =
  'the text of this policy set is not whole in these files, so it may name the user: see "curfew audit policies" with this hash'

/** Entries are written together: a write for each takes longer than to read the trail. */
const WRITTEN_TOGETHER = 500

const createOutput = (output: 'table' | 'json' | 'csv', period: TrailPeriod) => {
  const width = outputWidth()
  const textOf = { table: (entry: TrailEntry) => storyLines(entry, width), json: jsonOf, csv: csvOf }[output]
  let waiting = output === 'csv' ? [CSV_HEADER] : []
  let previous: TrailEntry['entry'] = 'event'
  const counts = { termination: 0, event: 0 }
  let lines = 0
  let span: Span
  /** The policy set whose text was shown last. A long text is in many records, and the table names it once. */
  let textShown: string | undefined
  const isFurtherPart = ({ event, part, policySetHash }: TrailRecord) =>
    event === 'policy-set' && part !== 1 && policySetHash === textShown
  const write = () => {
    if (waiting.length > 0) say(waiting.join('\n'))
    waiting = []
  }
  return {
    add(entry: TrailEntry) {
      if (output === 'table' && entry.entry === 'event' && entry.record.event === 'policy-set') {
        if (isFurtherPart(entry.record)) return
        textShown = entry.record.policySetHash
      }
      const isApart = output === 'table' && (entry.entry === 'termination' || previous === 'termination')
      const isFirst = counts.termination + counts.event === 0
      waiting.push(isApart && !isFirst ? `\n${textOf(entry)}` : textOf(entry))
      previous = entry.entry
      counts[entry.entry]++
      if (waiting.length >= WRITTEN_TOGETHER) write()
    },
    read(group: TrailGroup) {
      lines += group.lines
      if (group.span !== undefined) span = { first: span?.first ?? group.span.first, last: group.span.last }
    },
    end() {
      if (output === 'table')
        waiting.push(`${waiting.length > 0 ? '\n' : ''}${closingText(counts, lines, span, period)}`)
      write()
    },
  }
}

const jsonOf = (entry: TrailEntry) => JSON.stringify(rowOf(entry))

/** The first and the last line that was read. */
type Span = TrailGroup['span']

const closingText = (
  counts: { readonly termination: number; readonly event: number },
  lines: number,
  span: Span,
  period: TrailPeriod,
) =>
  paragraph(
    `${plural(counts.termination, 'termination')} and ${plural(counts.event, 'other event')} of ${plural(lines, 'record')}${spanText(span, period)}.${missingBefore(span, period)} To prove that the trail is whole: curfew audit verify`,
  )

const spanText = (span: Span, { since, until }: TrailPeriod) => {
  if (span === undefined) return (since ?? until) === undefined ? '' : ': these files have none of that time'
  const { first, last } = span
  return `, lines ${first.seq} to ${last.seq}, from ${toText(first.at)} to ${toText(last.at)}`
}

/** Says that what the period asks for may lie before the first line. */
const missingBefore = (span: Span, { since }: TrailPeriod) => {
  if (span === undefined || span.first.seq === 1 || (since !== undefined && span.first.at <= since)) return ''
  const { seq } = span.first
  return seq === 2 ? ' Line 1 is not in these files.' : ` Lines 1 to ${seq - 1} are not in these files.`
}

const filterOf = (values: Given['values']) => {
  const events = stringsOf(values.event)
  const period = {
    since: pointInTime('since', stringOf(values.since)),
    until: pointInTime('until', stringOf(values.until)),
  }
  const { since = -NEVER, until = NEVER } = period
  if (since >= until) throw new UsageError('--since: expected an instant before that of --until')
  const connection = stringOf(values.connection)
  const policy = stringOf(values.policy)
  const isUser = readUser(stringOf(values.user))
  return {
    period,
    isUser,
    connection,
    events: events.length > 0 ? withStory(events) : undefined,
    isWanted: (record: TrailRecord, time: Instant) =>
      time >= since &&
      time < until &&
      (events.length === 0 || events.includes(record.event)) &&
      (isUser === undefined ||
        record.event !== 'list-changed' ||
        listedIn(record).some((entry) => isNamedBy(entry, isUser))) &&
      (policy === undefined || record.policy === policy) &&
      (connection === undefined || (record.connectionId ?? '').includes(connection)),
  }
}

/** The events that are read: the other records of a termination belong to its story. */
const withStory = (events: readonly string[]) =>
  events.some((event) => TERMINATION_EVENTS.includes(event)) ? [...new Set([...events, ...TERMINATION_EVENTS])] : events

/** The entries that came to a list of users and that went from it. */
const listedIn = ({ added = [], removed = [] }: TrailRecord) => [...added, ...removed]

const readUser = (text: string | undefined) => {
  if (text === undefined) return undefined
  const parsed = parsePattern(text)
  if ('problem' in parsed) throw new UsageError(`--user: ${parsed.problem}`)
  const entry = { pattern: parsed.pattern, from: undefined, until: undefined, reason: undefined }
  const list = createUserList([entry], 'either')
  return (names: Parameters<typeof principalNamesOf>[0]) => list.find(principalNamesOf(names)).length > 0
}
