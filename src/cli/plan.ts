import { releaseOf } from '../app/release.ts'
import type { DueDecision } from '../domain/judge/decide.ts'
import { holdsOf } from '../domain/judge/holds.ts'
import { upcoming } from '../domain/judge/upcoming.ts'
import { violationOf } from '../domain/judge/violation.ts'
import { MODES } from '../domain/policies/policy.ts'
import { printable } from '../domain/printable.ts'
import { etaSeconds } from '../domain/terminate/plan.ts'
import { formatDuration } from '../domain/time/duration.ts'
import { type Instant, SECOND, toIso } from '../domain/time/instant.ts'
import { CONFIG_OPTION, type Command, complain, EXIT, oneOf, say, stringOf, UsageError } from './command.ts'
import { judgeEndpoints } from './compose-aws.ts'
import { readConfiguration, readEdit } from './compose-files.ts'
import { configurationOrComplain } from './problems.ts'
import { fit, table } from './table.ts'

const help = `Usage: curfew plan [--config FILE] [--against PATH] [--mode enforce] [--output table|json]
                   [--detailed-exitcode]

Reads every endpoint once and shows which connections would end now, in how many calls, which
policies the guard would hold, and which connections are next to end. It changes nothing.

Options:
  -c, --config FILE        the daemon's file (default config/curfew.yaml)
      --against PATH       plan an edit before it is saved: another daemon's file, or a policy file or
                           folder in place of those that the daemon's file names
      --mode MODE          plan as if the daemon's mode were audit or enforce (default: of the file)
      --output FORMAT      table or json (default table)
      --detailed-exitcode  exit with code 2 if a connection would end now
      --all-next           list all future deadlines, not only the 20 earliest

Exit code: 0; 1 if an endpoint could not be read or the configuration has errors; 2 with
--detailed-exitcode if a connection would end now.`

/** How many future deadlines are shown without --all-next. */
const NEXT = 20

interface EndpointPlan {
  readonly endpointId: string
  readonly name: string
  readonly account: string | null
  readonly region: string
  readonly complete: boolean
  readonly snapshotAt: string | null
  readonly error: string | null
  readonly active: number | null
  readonly terminate: readonly Row[] | null
  readonly audit: readonly Row[] | null
  readonly held: readonly Row[] | null
  readonly holds: readonly HoldRow[] | null
  readonly newlyEnded: readonly NewRow[] | null
  readonly next: ReadonlyArray<{ connectionId: string; policy: string; at: string | null }> | null
  readonly nearMisses: readonly NearMissRow[] | null
  readonly calls: number | null
  readonly etaSeconds: number | null
}

/** A connected user whose name an entry of a policy matches only in part. The entry may be a mistake. */
interface NearMissRow {
  readonly connectionId: string
  readonly username: string | null
  readonly commonName: string | null
  readonly policy: string
  readonly entry: string
}

/** A policy that the guard holds. */
interface HoldRow {
  readonly policy: string
  readonly since: string | null
  readonly endsNow: number
  readonly endsLater: number
  /** The edit that releases it. */
  readonly release: string
}

/** A connection that an edit ends, and would have ended later or not at all. */
interface NewRow {
  readonly connectionId: string
  readonly username: string | null
  readonly commonName: string | null
  readonly policy: string
  readonly at: string | null
  /** Null if it would not have ended by then. */
  readonly before: string | null
}

/** A connection in a list; what is not known is null. */
const rowOf = (decision: DueDecision, now: Instant) => {
  const violation = violationOf(decision, now, decision.lead)
  const { username = null, commonName = null, since, deadline } = violation
  const iso = (at: Instant | undefined) => (at === undefined ? null : toIso(at))
  return { ...violation, username, commonName, since: iso(since), deadline: iso(deadline) }
}

type Row = ReturnType<typeof rowOf> & { readonly heldBy?: 'guard' }

export const plan: Command = {
  help,
  options: {
    ...CONFIG_OPTION,
    mode: { type: 'string' },
    output: { type: 'string', default: 'table' },
    against: { type: 'string' },
    'detailed-exitcode': { type: 'boolean' },
    'all-next': { type: 'boolean' },
  },
  async run({ values, positionals }) {
    if (positionals.length > 0) throw new UsageError(`plan: unexpected argument "${positionals[0]}"`)
    const output = oneOf('output', values.output, ['table', 'json'])
    const asked = values.mode === undefined ? undefined : oneOf('mode', values.mode, MODES)
    const { configuration } = configurationOrComplain(readConfiguration(String(values.config)))
    if (configuration === undefined) return EXIT.failed
    const path = stringOf(values.against)
    const edit =
      path === undefined ? undefined : configurationOrComplain(readEdit(String(values.config), path)).configuration
    if (path !== undefined && edit === undefined) return EXIT.failed
    const mode = asked ?? configuration.mode
    const judged = await judgeEndpoints(configuration, { mode, edit: edit && { ...edit, mode: asked ?? edit.mode } })
    const endpoints = judged.map((one): EndpointPlan => {
      const { id, name, region, account = null } = one.endpoint
      const head = { endpointId: id, name, account, region }
      if ('failure' in one) return { ...head, ...BLIND, error: one.failure.message }
      const { now, decisions, plan: planned, newlyEnded } = one.judged.judgement
      const iso = (at: Instant) => toIso(at)
      const { terminate, audit, held, calls } = planned
      const next = upcoming(one.judged)
      return {
        ...head,
        complete: true,
        snapshotAt: toIso(one.snapshot.completedAt),
        error: null,
        active: decisions?.active ?? null,
        terminate: terminate.map((decision) => rowOf(decision, now)),
        audit: audit.map((decision) => rowOf(decision, now)),
        held: held.map((decision): Row => ({ ...rowOf(decision, now), heldBy: 'guard' })),
        holds: holdsOf(one.judged).map(({ policy, since, endsNow, endsLater }) => ({
          policy,
          since: iso(since),
          endsNow,
          endsLater,
          release: releaseOf(policy),
        })),
        newlyEnded: newlyEnded.map(({ connection: { id, username, commonName }, policy, endsAt, endedAt }) => ({
          connectionId: id,
          username: username ?? null,
          commonName: commonName ?? null,
          policy,
          at: iso(endsAt),
          before: iso(endedAt),
        })),
        next: (values['all-next'] === true ? next : next.slice(0, NEXT)).map(({ connection, policy, at }) => ({
          connectionId: connection.id,
          policy: policy.name,
          at: iso(at),
        })),
        nearMisses: (decisions?.nearMisses ?? []).map(
          ({ connection: { id: connectionId, username, commonName }, policy, entry }) => ({
            connectionId,
            username: username ?? null,
            commonName: commonName ?? null,
            policy: policy.name,
            entry,
          }),
        ),
        calls: calls.length,
        etaSeconds: etaSeconds(calls.length, (edit ?? configuration).termination.rate),
      }
    })

    if (output === 'json') say(JSON.stringify({ endpoints }, null, 2))
    else say(endpoints.map((endpoint) => show(endpoint)).join('\n\n'))
    for (const { error } of endpoints) if (error !== null) complain(`curfew: ${error}`)
    if (endpoints.some(({ complete }) => !complete)) return EXIT.failed
    const wouldEnd = endpoints.some(({ terminate }) => (terminate ?? []).length > 0)
    return wouldEnd && values['detailed-exitcode'] === true ? EXIT.wouldEnd : EXIT.ok
  },
}

/** Facts of an endpoint that could not be read are null, never zero and never empty. */
const BLIND = {
  complete: false,
  snapshotAt: null,
  active: null,
  terminate: null,
  audit: null,
  held: null,
  holds: null,
  newlyEnded: null,
  next: null,
  nearMisses: null,
  calls: null,
  etaSeconds: null,
} as const

const show = (endpoint: EndpointPlan): string => {
  const {
    endpointId,
    name,
    region,
    complete,
    active,
    terminate,
    audit,
    held,
    holds,
    newlyEnded,
    next,
    nearMisses,
    calls,
    etaSeconds: seconds,
  } = endpoint
  const title = `${name === endpointId ? endpointId : `${printable(name)} (${endpointId})`} in ${region}`
  if (!complete) return `${title}: BLIND. The endpoint could not be read, so no connection would end.`
  const duration = formatDuration(Math.ceil(seconds ?? 0) * SECOND)
  const parts = [
    title,
    `${active} active, ${terminate?.length} would end now. Calls: ${calls}, the last one after ${duration}.`,
    list('Would end now:', terminate ?? []),
    ...(holds ?? []).map(heldLines),
    list('Held by the guard:', held ?? []),
    newlyEndedList(newlyEnded ?? []),
    list('Would end if the mode were enforce:', audit ?? []),
    (next ?? []).length === 0
      ? ''
      : `\nNext to end:\n${table(
          ['AT', 'POLICY', 'CONNECTION'],
          (next ?? []).map(({ at, policy, connectionId }) => [at ?? '', policy, connectionId]),
        )}`,
    ...(nearMisses ?? []).map(
      ({ username, commonName, policy, entry }) =>
        `\n${printable(`The entry "${entry}" of policy "${policy}" does not match ${username ?? commonName}`)}, a connected user: did you mean it?`,
    ),
  ]
  return parts.filter((part) => part !== '').join('\n')
}

const heldLines = ({ policy, since, endsNow, endsLater, release }: HoldRow): string =>
  [
    `\nThe guard holds the policy "${printable(policy)}" since ${since}: it ends nobody on this endpoint.`,
    `  It would end ${endsNow} connections now, and ${endsLater} more within 24h.`,
    ...release.split('; ').map((part) => `  ${printable(part)}`),
  ].join('\n')

const newlyEndedList = (entries: readonly NewRow[]): string =>
  entries.length === 0
    ? ''
    : `\nEnded by the edit, ${entries.length} within the time that the guard looks ahead:\n${table(
        ['AT', 'BEFORE', 'USER', 'POLICY', 'CONNECTION'],
        entries.map(({ at, before, username, commonName, policy, connectionId }) => [
          at ?? '',
          before ?? 'later, or never',
          username ?? commonName ?? '(no name)',
          policy,
          connectionId,
        ]),
      )}`

/** Two lines for each connection: user, policy and id; then the reason. */
const list = (heading: string, entries: readonly Row[]): string => {
  if (entries.length === 0) return ''
  const userOf = ({ username, commonName }: Row) => username ?? commonName ?? '(no name)'
  const [head = '', ...rows] = table(
    ['USER', 'POLICY', 'CONNECTION'],
    entries.map((entry) => [userOf(entry), entry.policy, entry.connectionId]),
  ).split('\n')
  return [`\n${heading}`, head, ...rows.flatMap((row, index) => [row, fit(`  ${entries[index]?.because ?? ''}`)])].join(
    '\n',
  )
}
