import { quotedName, shownName } from '../domain/names/shown-name.ts'
import type { Paint } from '../domain/paint.ts'
import type { Mode } from '../domain/policies/policy.ts'
import { formatDuration } from '../domain/time/duration.ts'
import { SECOND, toText } from '../domain/time/instant.ts'
import { connectionTable, USER } from './connection-table.ts'
import type { EndpointPlan, HoldRow, NearMissRow, NewRow, NextRow, Row } from './endpoint-plan.ts'
import { paragraph } from './lines.ts'
import { count, plural } from './number-text.ts'
import { painted } from './paint.ts'
import { timeUntil } from './time-until.ts'
import { titleOf } from './title.ts'

/** What makes connections end that would not have ended: an edit, another mode, or policies where there were none. */
type Compared = 'edit' | Mode | 'none'

const NEWLY_ENDED: Readonly<Record<Compared, string>> = {
  edit: 'Newly ended by an edit',
  audit: 'Newly ended by "--mode audit"',
  enforce: 'Newly ended by "--mode enforce", as no policy ended them in audit mode',
  none: 'Newly ended, as no policy has been in force before',
}

/** The plan of one endpoint for a reader: a heading, then a section for each list that is not empty. */
export const planText = (endpoint: EndpointPlan, compared: Compared): string => {
  const { complete, active, terminate, audit, held, holds, newlyEnded, nearMisses } = endpoint
  const title = titleOf({ ...endpoint, id: endpoint.endpointId })
  if (!complete) {
    return painted('red', paragraph(`${title}: BLIND. The endpoint could not be read, so no connection would end.`))
  }
  const parts = [
    painted('bold', paragraph(title)),
    paragraph(`${plural(active ?? 0, 'active connection')}, ${callsText(endpoint)}`),
    list('Would end now', terminate ?? [], 'red'),
    ...(holds ?? []).map(heldLines),
    list('Held by the guard', held ?? [], 'magenta'),
    newlyEndedList(compared === 'edit' ? (newlyEnded ?? []) : withoutRepeated(endpoint), compared),
    graceList(endpoint),
    extendedList(endpoint),
    nextList(endpoint),
    list('Would end, but their policies only report', audit ?? []),
    nearMissList(nearMisses ?? []),
  ]
  return parts.filter((part) => part !== '').join('\n')
}

/** How many end, in how many calls. A connection whose termination is under way gets no call. */
const callsText = ({ terminate, calls, etaSeconds }: EndpointPlan): string => {
  const ends = `${count(terminate?.length ?? 0)} would end now`
  if (calls === null || calls === 0)
    return terminate?.length === 0 ? ends : `${ends}; the terminations are under way, so that no call leaves yet`
  return `${ends} in ${plural(calls, 'call')}, the last one after ${formatDuration(Math.ceil(etaSeconds ?? 0) * SECOND)}`
}

const heldLines = ({ policy, since, endsNow, endsLater, release }: HoldRow): string =>
  [
    '',
    painted(
      'magenta',
      paragraph(`The guard holds the policy "${policy}" since ${instantText(since)}: it ends nobody on this endpoint.`),
    ),
    paragraph(`It would end ${plural(endsNow, 'connection')} now, and ${endsLater} more within 24h.`, '  '),
    paragraph(`${release}.`, '  '),
  ].join('\n')

const nameOf = ({ username, commonName }: Pick<NextRow, 'username' | 'commonName'>) =>
  shownName(username ?? commonName ?? '(no name)')

const policyText = ({ policy, acts }: Pick<NextRow, 'policy' | 'acts'>) => (acts ? policy : `${policy} (audit)`)

/** To the second, as an operator reads it. */
const instantText = (at: string | null) => (at === null ? '' : toText(Date.parse(at)))

/** The instant, and the time until then. */
const when = ({ judgedAt }: EndpointPlan, at: string | null): readonly string[] =>
  at === null || judgedAt === null ? ['', ''] : [instantText(at), timeUntil(Date.parse(at) - Date.parse(judgedAt))]

/** A heading over a table, after an empty line. */
const section = (heading: string, shown: string, paint: Paint = 'bold') =>
  `\n${painted(paint, paragraph(heading))}\n${shown}`

const list = (heading: string, rows: readonly Row[], paint?: Paint): string =>
  rows.length === 0
    ? ''
    : section(
        `${heading} (${count(rows.length)}):`,
        connectionTable(
          [USER],
          rows.map((row) => ({ cells: [nameOf(row)], policy: row.policy, id: row.connectionId, because: row.because })),
        ),
        paint,
      )

const byInstant = (a: NewRow, b: NewRow) => ((a.at ?? '') < (b.at ?? '') ? -1 : Number(a.at !== b.at))

/** Without an edit every end is new, so that a row of a connection in another list would only repeat it. */
const withoutRepeated = ({ newlyEnded, terminate, held, grace }: EndpointPlan): readonly NewRow[] => {
  const keyOf = ({ connectionId, policy }: Pick<NewRow, 'connectionId' | 'policy'>) => `${connectionId} ${policy}`
  const listed = new Set([...(terminate ?? []), ...(held ?? []), ...(grace ?? [])].map(keyOf))
  return (newlyEnded ?? []).filter((row) => row.before !== null || !listed.has(keyOf(row)))
}

const newlyEndedList = (rows: readonly NewRow[], compared: Compared): string =>
  rows.length === 0
    ? ''
    : section(
        `${NEWLY_ENDED[compared]} (${count(rows.length)}), within the time that the guard looks ahead:`,
        connectionTable(
          ['AT', 'BEFORE', USER],
          [...rows].sort(byInstant).map((row) => ({
            cells: [
              instantText(row.at),
              row.before === null ? 'later, or never' : instantText(row.before),
              nameOf(row),
            ],
            policy: row.policy,
            id: row.connectionId,
          })),
        ),
      )

/** How many entries that resemble connected users are shown. */
const NEAR_MISSES = 20

/** One for each entry, those first that resemble most users. */
const nearMissList = (rows: readonly NearMissRow[]): string => {
  if (rows.length === 0) return ''
  const shown = [...rows].sort((a, b) => b.users - a.users).slice(0, NEAR_MISSES)
  const rest = rows.length - shown.length
  return section(
    `Entries that only resemble connected users (${count(rows.length)}), did you mean them?`,
    [
      ...shown.map((row) => {
        const place = row.policy === null ? row.list : `${row.list} of ${row.policy}`
        const more = row.users > 1 ? ` and ${count(row.users - 1)} more` : ''
        return paragraph(`${quotedName(row.entry)} in ${place}: ${nameOf(row)}${more}`, '  ')
      }),
      ...(rest > 0 ? [paragraph(`and ${count(rest)} more; --output json lists all`, '  ')] : []),
    ].join('\n'),
  )
}

const graceList = (endpoint: EndpointPlan): string => {
  const rows = endpoint.grace ?? []
  if (rows.length === 0) return ''
  return section(
    `In grace (${count(rows.length)}):`,
    connectionTable(
      ['UNTIL', 'IN', USER],
      rows.map((row) => ({
        cells: [...when(endpoint, row.deadline), nameOf(row)],
        policy: policyText(row),
        id: row.connectionId,
        because: row.because,
      })),
    ),
  )
}

const extendedList = (endpoint: EndpointPlan): string => {
  const rows = endpoint.extended ?? []
  if (rows.length === 0) return ''
  return section(
    `Extended (${count(rows.length)}):`,
    connectionTable(
      ['UNTIL', 'IN', 'FROM', USER],
      rows.map((row) => ({
        cells: [...when(endpoint, row.at), instantText(row.extendedFrom), nameOf(row)],
        policy: policyText(row),
        id: row.connectionId,
      })),
    ),
  )
}

const nextList = (endpoint: EndpointPlan): string => {
  const { next, nextTotal } = endpoint
  if (next === null || nextTotal === null || next.length === 0) return ''
  const shown =
    next.length < nextTotal ? `${next.length} of ${count(nextTotal)}; --all-next lists all` : count(nextTotal)
  return section(
    `Comes next (${shown}):`,
    connectionTable(
      ['AT', 'IN', USER],
      next.map((row) => ({
        cells: [...when(endpoint, row.at), nameOf(row)],
        policy: policyText(row),
        id: row.connectionId,
      })),
    ),
  )
}
