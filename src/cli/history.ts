import type { Configuration } from '../config/configuration.ts'
import { principalOf } from '../domain/connection.ts'
import { hitsEndpoint } from '../domain/names/endpoint-pattern.ts'
import { shownName } from '../domain/names/shown-name.ts'
import { createHistorySessions, type HistorySession, upUntilOf } from '../domain/recording/history-sessions.ts'
import { formatSize } from '../domain/size.ts'
import { formatDuration } from '../domain/time/duration.ts'
import { type Instant, MINUTE, NEVER, toText } from '../domain/time/instant.ts'
import {
  CONFIG_OPTION,
  type Command,
  complain,
  EXIT,
  OperatorError,
  oneOf,
  outputOption,
  say,
  stringOf,
  stringsOf,
} from './command.ts'
import { now as hostNow } from './compose-audit.ts'
import { readToShow } from './compose-files.ts'
import { filesNamed, filesOfHistory, readHistoryFile } from './compose-history.ts'
import { FILTER_OPTIONS, readEndpoint, readUsers } from './connection-filter.ts'
import { historyTable } from './history-table.ts'
import { isoOrNull } from './iso-or-null.ts'
import { outputWidth, paragraph } from './lines.ts'
import { plural } from './number-text.ts'
import { pointInTime } from './point-in-time.ts'
import { configurationOrComplain } from './problems.ts'

const OUTPUTS = ['table', 'json'] as const

const SINCE = '7d'

export const history: Command = {
  about: `Shows the sessions that the daemon has seen, the newest first: the user, when the session was established,
until when it was up, how long that was, how much it carried, and the policy under which Curfew ended it. The daemon keeps a
history if "history" is in its file. Without files it shows that history, with all its parts. A folder
stands for its files, and "-" for the standard input.

UNTIL is the time of the end that AWS gives, else when the session was last seen. "up" is a session that has not ended, and
"lost" one whose end Curfew has not seen. ENDED BY is "-" for an end that Curfew did not cause.`,
  operands: { name: 'FILE', areMany: true },
  options: {
    user: FILTER_OPTIONS.user,
    endpoint: FILTER_OPTIONS.endpoint,
    since: {
      value: 'T',
      default: SINCE,
      summary:
        'sessions that were up at this instant or later, such as 2026-12-01T18:30:00+01:00; or 24h: that long ago',
    },
    ...outputOption(OUTPUTS),
    ...CONFIG_OPTION,
  },
  exitCodes:
    '0, also if no session matches; 1 if a file cannot be read, has lines of something else, or there is none.',
  async run({ values, positionals }) {
    const output = oneOf('output', values.output, OUTPUTS)
    const now = hostNow()
    const since = pointInTime('since', stringOf(values.since)) ?? -NEVER
    const isUser = readUsers(stringsOf(values.user))
    const patterns = stringsOf(values.endpoint).map(readEndpoint)
    const { configuration } =
      positionals.length > 0 ? { configuration: undefined } : readConfigured(String(values.config))
    if (positionals.length === 0 && configuration === undefined) return EXIT.failed
    const files =
      positionals.length > 0
        ? await filesNamed(positionals)
        : await filesOfHistory(pathIn(configuration, String(values.config)), since)
    const nameOf = namesOf(configuration)
    const found = createHistorySessions(
      (connection) =>
        isUser?.(connection) !== false &&
        (patterns.length === 0 ||
          patterns.some((pattern) => {
            const { endpointId, region } = connection
            return hitsEndpoint(pattern, { endpointId, region, name: nameOf(endpointId) }) === true
          })),
    )
    let others = 0
    for (const file of new Set(files)) {
      const foreign = await readHistoryFile(file, found.add)
      if (foreign > 0) complain(`curfew: ${file}: ${plural(foreign, 'line')} of something else, or unfinished`)
      others += foreign
    }
    const sessions = found.since(since, now)
    say(
      output === 'json'
        ? JSON.stringify({ sessions: sessions.map((session) => asJson(session, nameOf)) }, null, 2)
        : asText(sessions, nameOf, since, now),
    )
    return others > 0 ? EXIT.failed : EXIT.ok
  },
}

const readConfigured = (path: string) => configurationOrComplain(readToShow(path))

const pathIn = (configuration: Configuration | undefined, path: string): string => {
  if (configuration?.history !== undefined) return configuration.history.file
  throw new OperatorError(
    `${path} keeps no history: add "history: { file: ./data/history.jsonl }", or name the files of a history`,
  )
}

type NameOf = (endpointId: string) => string

/** Endpoints that are discovered have no name in the daemon's file. */
const namesOf = (configuration: Configuration | undefined): NameOf => {
  const names = new Map(
    (configuration?.watch ?? []).flatMap(({ endpoints }) => endpoints.map(({ id, name }) => [id, name ?? id] as const)),
  )
  return (id) => names.get(id) ?? id
}

const HEADING = {
  above: ['USER', 'ESTABLISHED', 'UNTIL', 'FOR', 'BYTES'],
  below: ['ENDPOINT', 'CONNECTION', 'ENDED BY'],
}

const untilText = (session: HistorySession): string => {
  if (session.state !== 'gone') return session.state
  const at = upUntilOf(session)
  return at === undefined ? '?' : toText(at)
}

/** Seconds matter only in the shortest sessions. */
const lengthText = (ms: number): string => formatDuration(ms < 10 * MINUTE ? ms : Math.floor(ms / MINUTE) * MINUTE)

const rowOf = (session: HistorySession, nameOf: NameOf, now: Instant) => {
  const { connection, endedBy, state } = session
  const { establishedAt, ingressBytes, egressBytes } = connection
  const until = state === 'up' ? now : upUntilOf(session)
  const isCounted = ingressBytes !== undefined || egressBytes !== undefined
  return {
    above: [
      shownName(principalOf(connection) ?? '(no name)'),
      establishedAt === undefined ? '?' : toText(establishedAt),
      untilText(session),
      establishedAt === undefined || until === undefined ? '?' : lengthText(until - establishedAt),
      isCounted ? formatSize((ingressBytes ?? 0) + (egressBytes ?? 0)) : '-',
    ],
    below: [nameOf(connection.endpointId), connection.id, endedBy?.by === 'curfew' ? endedBy.policy : '-'],
  }
}

const asText = (sessions: readonly HistorySession[], nameOf: NameOf, since: Instant, now: Instant): string => {
  const from = Number.isFinite(since) ? ` since ${toText(since)}` : ''
  const up = sessions.filter(({ state }) => state === 'up')
  // The daemon may have stopped since.
  // Not by `Math.min(...found)`: so many arguments overflow the stack.
  const seenAt = up.reduce((least, { lastSeenAt = NEVER }) => Math.min(least, lastSeenAt), NEVER)
  const asOf = Number.isFinite(seenAt) ? ` when last seen, at ${toText(seenAt)} or later` : ''
  const ended = sessions.filter(({ endedBy }) => endedBy?.by === 'curfew').length
  const closing = paragraph(
    `${plural(sessions.length, 'session')}${from}: ${ended} ended by Curfew, ${up.length} up${asOf}.`,
  )
  if (sessions.length === 0) return closing
  const rows = sessions.map((session) => rowOf(session, nameOf, now))
  return `${historyTable(HEADING, rows, outputWidth())}\n\n${closing}`
}

const asJson = (session: HistorySession, nameOf: NameOf) => {
  const { connection, firstSeenAt, lastSeenAt, state, endedBy } = session
  const { id: connectionId, endpointId, region, username = null, commonName = null, status } = connection
  const { establishedAt, endedAt, ingressBytes = null, egressBytes = null, posture = null } = connection
  const [policy, reason] = endedBy?.by === 'curfew' ? [endedBy.policy, endedBy.reason] : [null, null]
  return {
    connectionId,
    endpointId,
    name: nameOf(endpointId),
    region,
    username,
    commonName,
    state,
    establishedAt: isoOrNull(establishedAt),
    firstSeenAt: isoOrNull(firstSeenAt),
    lastSeenAt: isoOrNull(lastSeenAt),
    endedAt: isoOrNull(endedAt),
    status,
    ingressBytes,
    egressBytes,
    posture,
    endedBy: endedBy?.by ?? null,
    policy,
    reason,
  }
}
