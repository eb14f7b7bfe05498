import type { Configuration } from '../config/configuration.ts'
import { type Connection, principalOf } from '../domain/connection.ts'
import { shownName } from '../domain/names/shown-name.ts'
import type { Paint } from '../domain/paint.ts'
import type { Termination } from '../domain/terminate/termination.ts'
import { formatDuration, parseDuration } from '../domain/time/duration.ts'
import { type Instant, toText } from '../domain/time/instant.ts'
import {
  CONFIG_OPTION,
  type Command,
  complain,
  EXIT,
  oneOf,
  outputOption,
  say,
  stringOf,
  UsageError,
} from './command.ts'
import { createReader, judgeEndpoints, type Reader } from './compose-aws.ts'
import { readToShow } from './compose-files.ts'
import { type ConnectionFilter, endpointsAsked, FILTER_OPTIONS, nobodyLines, readFilter } from './connection-filter.ts'
import {
  type ConnectionState,
  connectionStates,
  deadlineOf,
  terminationJson,
  tryAgainAtOf,
} from './connection-state.ts'
import { connectionTable, USER } from './connection-table.ts'
import { endpointJson } from './endpoint-json.ts'
import { isoOrNull } from './iso-or-null.ts'
import { paragraph } from './lines.ts'
import { count, plural } from './number-text.ts'
import { painted } from './paint.ts'
import { configurationOrComplain } from './problems.ts'
import { repeat } from './repeat.ts'
import { type SeenEndpoint, summaryLine, summaryOf, withOutcomes } from './summary.ts'
import { suspendedTexts } from './suspended.ts'
import { titleOf } from './title.ts'

const deadlineText = (next: ConnectionState, termination: Termination | undefined, now: Instant): string => {
  switch (next.state) {
    case 'none':
      return '-'
    case 'held':
      return 'held'
    case 'audit':
      return 'passed'
    case 'next':
      return toText(next.upcoming.at)
    case 'extended':
      return `${toText(next.extended.at)}, extended`
    case 'grace':
      return `${toText(next.grace.lead.deadline)}, in grace`
    case 'terminate': {
      const tryAgainAt = tryAgainAtOf(termination) ?? now
      if (tryAgainAt <= now) return 'now'
      return `${termination?.state === 'given-up' ? 'given up, ' : ''}next try ${toText(tryAgainAt)}`
    }
  }
}

/** One active connection and what comes next for it. */
interface Row {
  readonly connection: Connection
  readonly next: ConnectionState
  readonly termination: Termination | undefined
}

/** The same as the daemon's usual schedule. */
const WATCH_EVERY = '15s'

/** An endpoint, and the connections of it that are shown: the longest connected first. */
interface Shown {
  readonly one: SeenEndpoint
  readonly rows: readonly Row[]
}

const shownOf = (one: SeenEndpoint, { isUser, policy }: ConnectionFilter): Shown => {
  if ('failure' in one) return { one, rows: [] }
  const { memory } = one.judged
  const states = connectionStates(one.outcomes)
  const stateOf = ({ id }: Connection): ConnectionState => states.get(id) ?? { state: 'none' }
  const rows = one.outcomes.active
    .filter((connection) => isUser?.(connection) !== false)
    .filter((connection) => policy === undefined || deadlineOf(stateOf(connection))?.policy.name === policy)
    .sort((a, b) => (a.establishedAt ?? 0) - (b.establishedAt ?? 0) || (a.id < b.id ? -1 : 1))
    .map((connection) => ({
      connection,
      next: stateOf(connection),
      termination: memory.terminations.of(connection.id),
    }))
  return { one, rows }
}

const OUTPUTS = ['table', 'json'] as const

/** What one reading of the endpoints shows. */
interface Reading {
  readonly blocks: readonly string[]
  /** What the deadlines do not hold while an endpoint cannot be read. */
  readonly notes: readonly string[]
  readonly summary: string
  readonly json: object
  /** What could not be read, and whether the filter matches nobody. */
  readonly problems: readonly string[]
  readonly isWhole: boolean
}

const read = async (configuration: Configuration, filter: ConnectionFilter, reader: Reader): Promise<Reading> => {
  const all = (await judgeEndpoints(configuration, { reader })).endpoints.map((one) => withOutcomes(one))
  const endpoints = endpointsAsked(all, filter)
  const shown = endpoints.map((one) => shownOf(one, filter))
  const ids = new Set(shown.flatMap(({ rows }) => rows.map(({ connection }) => connection.id)))
  const summary = summaryOf(endpoints, (id) => ids.has(id))
  const failed = endpoints.flatMap((one) => ('failure' in one ? [one.failure.message] : []))
  const isNobody = ids.size === 0 && (filter.isUser !== undefined || filter.policy !== undefined)
  return {
    blocks: shown.map(asText),
    notes: failed.length > 0 ? suspendedTexts(configuration.policies) : [],
    summary: painted('bold', paragraph(summaryLine(summary))),
    json: { endpoints: shown.map(asJson), summary },
    problems: [...failed, ...(isNobody ? nobodyLines(filter, endpoints) : [])],
    isWhole: failed.length === 0,
  }
}

export const connections: Command = {
  about: `Lists the active connections of every watched endpoint: the user, how long the connection has been up, its
next deadline, and the policy of that deadline. Instead of a deadline to come:
  now                   it has passed: the connection ends
  passed                it has passed, but the policy only reports
  held                  it has passed, and the guard holds the verdict
  next try T            a termination has failed; the next attempt may leave at T
  given up, next try T  all attempts have failed; a new round may begin at T

"in grace" marks a connection that violates the policy already, "extended" one whose user has moved the deadline, and
"(audit)" a policy that only reports. The last line counts the connections of all endpoints.

Lines are as long as the terminal is wide, or as COLUMNS says. Ids are never shortened, and in a pipe nothing is.`,
  options: {
    ...FILTER_OPTIONS,
    watch: { summary: 'read and show the connections again and again, until Ctrl-C' },
    interval: {
      value: 'D',
      summary: `how long after one reading the next begins, with --watch (default ${WATCH_EVERY})`,
    },
    ...outputOption(OUTPUTS),
    ...CONFIG_OPTION,
  },
  exitCodes:
    '0, also if no connection matches; 1 if an endpoint could not be read or the configuration has errors. With --watch 0 after Ctrl-C.',
  async run({ values }) {
    const output = oneOf('output', values.output, OUTPUTS)
    const asked = stringOf(values.interval)
    if (asked !== undefined && values.watch !== true) throw new UsageError('--interval is valid only with --watch')
    const { configuration } = configurationOrComplain(readToShow(String(values.config)))
    if (configuration === undefined) return EXIT.failed
    const filter = readFilter(values, configuration.policies)
    const reader = createReader(configuration)
    if (values.watch === true) {
      const everyMs = intervalOf(asked ?? WATCH_EVERY, configuration.poll.minGapMs)
      await repeat(everyMs, async () => {
        const { blocks, notes, summary, json, problems } = await read(configuration, filter, reader)
        // What does not fit a terminal is cut at the end, so that the most important lines stand first.
        const text = [summary, ...problems.map((one) => paragraph(one)), ...notes, ...blocks].join('\n\n')
        return output === 'json' ? { json } : { text }
      })
      return EXIT.ok
    }
    const { blocks, notes, summary, json, problems, isWhole } = await read(configuration, filter, reader)
    say(output === 'json' ? JSON.stringify(json, null, 2) : [...blocks, ...notes, summary].join('\n\n'))
    for (const problem of problems) complain(`curfew: ${problem}`)
    return isWhole ? EXIT.ok : EXIT.failed
  },
}

/** A shorter pause would take more of the account's request limits than the daemon may. */
const intervalOf = (text: string, minGapMs: number): number => {
  const parsed = parseDuration(text)
  if ('problem' in parsed) throw new UsageError(`--interval: ${parsed.problem}`)
  if (parsed.ms >= minGapMs) return parsed.ms
  throw new UsageError(
    `--interval: expected at least ${formatDuration(minGapMs)}, which is poll.minGap, found "${text}"`,
  )
}

const policyText = (deadline: ReturnType<typeof deadlineOf>): string => {
  if (deadline === undefined) return '-'
  return deadline.acts ? deadline.policy.name : `${deadline.policy.name} (audit)`
}

/** A connection that ends now, and one that the guard keeps. The column of deadlines says so too. */
const PAINTS: Partial<Record<ConnectionState['state'], Paint>> = { terminate: 'red', held: 'magenta' }

const asText = ({ one, rows }: Shown): string => {
  const title = titleOf(one.endpoint)
  if ('failure' in one) {
    return painted('red', paragraph(`${title}: BLIND. The endpoint could not be read, so its connections are unknown.`))
  }
  const { now } = one.judged.judgement
  const shown = connectionTable(
    [USER, 'UP', 'DEADLINE'],
    rows.map(({ connection, next, termination }) => {
      const { establishedAt } = connection
      return {
        cells: [
          shownName(principalOf(connection) ?? '(no name)'),
          establishedAt === undefined ? '?' : formatDuration(now - establishedAt),
          deadlineText(next, termination, now),
        ],
        policy: policyText(deadlineOf(next)),
        id: connection.id,
        paint: PAINTS[next.state],
      }
    }),
  )
  const { length } = one.outcomes.active
  const counted = plural(length, 'active connection')
  const which = rows.length === length ? counted : `${count(rows.length)} of ${counted}`
  return `${painted('bold', paragraph(title))}\n${which}${rows.length === 0 ? '' : `\n${shown}`}`
}

/** Facts that are not known are null, and so is every list of an endpoint that could not be read. */
const asJson = ({ one, rows }: Shown) => {
  if ('failure' in one) return { ...endpointJson(one), connections: null }
  return {
    ...endpointJson(one),
    connections: rows.map(({ connection, next, termination }) => {
      const { username = null, commonName = null, establishedAt } = connection
      const deadline = deadlineOf(next)
      return {
        connectionId: connection.id,
        username,
        commonName,
        establishedAt: isoOrNull(establishedAt),
        state: next.state,
        policy: deadline?.policy.name ?? null,
        acts: deadline?.acts ?? null,
        deadline: isoOrNull(deadline?.at),
        termination: termination === undefined ? null : terminationJson(termination),
      }
    }),
  }
}
