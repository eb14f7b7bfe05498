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
import { outputWidth, paragraph } from './lines.ts'
import { plural } from './number-text.ts'
import { painted } from './paint.ts'
import { pointInTime } from './point-in-time.ts'
import type { Trail } from './trail.ts'
import { createTrailFlaws } from './trail-flaws.ts'
import { csvHeader, csvOf, rowOf } from './trail-row.ts'
import { storyLines } from './trail-story.ts'
import { trailsOrComplain, UNIT_OPTION } from './trails.ts'

const OUTPUTS = ['table', 'json', 'csv'] as const

export const auditShow: Command = {
  about: `Shows the trail in the order of its records: each termination with its intent, its calls and their outcome,
and any other event in a line. Without files it shows the trail that the daemon's file names: all its rotated files, which
gzip may have compressed, or the chain of each unit in the database. A termination is shown as a whole if one of its
records fits all filters.

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
    ...UNIT_OPTION,
    ...outputOption(OUTPUTS),
    ...CONFIG_OPTION,
  },
  exitCodes:
    '0; 1 if lines are missing, damaged or unfinished, if a file cannot be read, or, with --user, if the text of a policy set cannot.',
  async run({ values, positionals }) {
    const output = oneOf('output', values.output, OUTPUTS)
    const filter = filterOf(values)
    const place = { configPath: String(values.config), unit: stringOf(values.unit) }
    await using trails = await trailsOrComplain('audit show FILE...', positionals, place)
    if (trails === undefined) return EXIT.failed

    const shown = createOutput(output, filter.period, trails.all)
    const flaws = createTrailFlaws()
    const unread = new Set<string>()
    for (const trail of trails.all) {
      shown.begin(trail)
      const entries = createTrailEntries(filter.isWanted, shown.add)
      const namedSets = filter.isUser && createNamedSets(filter.isUser)
      for await (const group of trail.read(filter.period, filter)) {
        for (const record of group.records) {
          const found = record.event === 'policy-set' && namedSets ? namedSets.read(record) : record
          if (found !== undefined) entries.read(found)
        }
        flaws.add(group.flaws)
        shown.read(group)
        // A reader that is slower than the disk must not fill the memory.
        if (process.stdout.writableNeedDrain) await once(process.stdout, 'drain')
      }
      entries.end()
      for (const hash of namedSets?.unread() ?? []) unread.add(hash)
    }
    shown.end()
    for (const hash of unread) complain(`curfew: ${printable(hash)}: ${UNREAD_SET}`)
    return flaws.complain() || unread.size > 0 ? EXIT.failed : EXIT.ok
  },
}

const UNREAD_SET =
  'the text of this policy set is not whole in these files, so it may name the user: see "curfew audit policies" with this hash'

/** Entries are written together: a write for each takes longer than to read the trail. */
const WRITTEN_TOGETHER = 500

const createOutput = (output: 'table' | 'json' | 'csv', period: TrailPeriod, trails: readonly Trail[]) => {
  const width = outputWidth()
  const isOfUnits = trails[0]?.unit !== undefined
  let unit: string | undefined
  /** Whether the table has named the unit whose entries follow. */
  let isNamed = false
  const textOf = {
    table: (entry: TrailEntry) => storyLines(entry, width),
    json: (entry: TrailEntry) => JSON.stringify(isOfUnits ? { ...rowOf(entry), unit } : rowOf(entry)),
    csv: (entry: TrailEntry) => csvOf(entry, unit),
  }[output]
  let waiting = output === 'csv' ? [csvHeader(isOfUnits)] : []
  let previous: TrailEntry['entry'] = 'event'
  const counts = { termination: 0, event: 0 }
  const read: Read[] = []
  /** The policy set whose text was shown last. A long text is in many records, and the table names it once. */
  let textShown: string | undefined
  const isFurtherPart = ({ event, part, policySetHash }: TrailRecord) =>
    event === 'policy-set' && part !== 1 && policySetHash === textShown
  const write = () => {
    if (waiting.length > 0) say(waiting.join('\n'))
    waiting = []
  }
  /** Names the unit before its first entry, where there is more than one. */
  const headingOf = () => {
    if (output !== 'table' || trails.length < 2 || isNamed || unit === undefined) return ''
    isNamed = true
    return `${painted('bold', paragraph(`Unit ${unit}`))}\n\n`
  }
  return {
    begin(trail: Trail) {
      ;({ unit } = trail)
      isNamed = false
      textShown = undefined
      read.push({ lines: 0, span: undefined })
    },
    add(entry: TrailEntry) {
      if (output === 'table' && entry.entry === 'event' && entry.record.event === 'policy-set') {
        if (isFurtherPart(entry.record)) return
        textShown = entry.record.policySetHash
      }
      const heading = headingOf()
      const isApart =
        output === 'table' && (entry.entry === 'termination' || previous === 'termination' || heading !== '')
      const isFirst = counts.termination + counts.event === 0
      waiting.push(`${isApart && !isFirst ? '\n' : ''}${heading}${textOf(entry)}`)
      previous = entry.entry
      counts[entry.entry]++
      if (waiting.length >= WRITTEN_TOGETHER) write()
    },
    read({ lines, span }: TrailGroup) {
      const before = read.pop() ?? { lines: 0, span: undefined }
      read.push({
        lines: before.lines + lines,
        span: span === undefined ? before.span : { first: before.span?.first ?? span.first, last: span.last },
      })
    },
    end() {
      if (output === 'table')
        waiting.push(`${waiting.length > 0 ? '\n' : ''}${closingText(counts, read, period, isOfUnits)}`)
      write()
    },
  }
}

/** How much of a trail was read: how many lines, the first one and the last one. */
type Read = Pick<TrailGroup, 'lines' | 'span'>

const closingText = (
  counts: { readonly termination: number; readonly event: number },
  read: readonly Read[],
  period: TrailPeriod,
  isOfUnits: boolean,
) => {
  const lines = read.reduce((sum, one) => sum + one.lines, 0)
  const [only, ...others] = read
  const place = isOfUnits ? 'the database' : 'these files'
  const which =
    others.length === 0
      ? `${spanText(only?.span, period, place)}.${missingBefore(only?.span, period, place)}`
      : ` of ${read.length} units.${missingOf(read, period)}`
  return paragraph(
    `${plural(counts.termination, 'termination')} and ${plural(counts.event, 'other event')} of ${plural(lines, 'record')}${which} To prove that the trail is whole: curfew audit verify`,
  )
}

const spanText = (span: Read['span'], { since, until }: TrailPeriod, place: string) => {
  if (span === undefined)
    return (since ?? until) === undefined
      ? ''
      : `: ${place} ${place === 'these files' ? 'have' : 'has'} none of that time`
  const { first, last } = span
  return `, lines ${first.seq} to ${last.seq}, from ${toText(first.at)} to ${toText(last.at)}`
}

/** Whether what the period asks for may lie before the first line. */
const isMissingBefore = (span: Read['span'], { since }: TrailPeriod) =>
  span !== undefined && span.first.seq > 1 && (since === undefined || span.first.at > since)

const missingBefore = (span: Read['span'], period: TrailPeriod, place: string) => {
  if (span === undefined || !isMissingBefore(span, period)) return ''
  const { seq } = span.first
  return seq === 2 ? ` Line 1 is not in ${place}.` : ` Lines 1 to ${seq - 1} are not in ${place}.`
}

const missingOf = (read: readonly Read[], period: TrailPeriod) => {
  const missing = read.filter(({ span }) => isMissingBefore(span, period)).length
  return missing === 0 ? '' : ` Retention has removed earlier lines of ${plural(missing, 'unit')}.`
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
