import { violationOf } from '../app/violation.ts'
import { VpnError } from '../app/vpn.ts'
import type { Decision } from '../domain/judge/decide.ts'
import { upcoming } from '../domain/judge/upcoming.ts'
import { MODES } from '../domain/policies/policy.ts'
import { printable } from '../domain/printable.ts'
import { etaSeconds, planOf } from '../domain/terminate/plan.ts'
import { usersToEndAtOnce } from '../domain/terminate/username-calls.ts'
import { formatDuration } from '../domain/time/duration.ts'
import { type Instant, SECOND, toIso } from '../domain/time/instant.ts'
import { decideAsTheDaemon } from './as-the-daemon.ts'
import { CONFIG_OPTION, type Command, complain, EXIT, oneOf, say, UsageError } from './command.ts'
import { clock, peekState, policySetOf, readEndpoints } from './compose-aws.ts'
import { readConfiguration } from './compose-files.ts'
import { configurationOrComplain } from './problems.ts'
import { fit, table } from './table.ts'

const help = `Usage: curfew plan [--config FILE] [--mode enforce] [--output table|json] [--detailed-exitcode]

Reads every endpoint once and shows what would end now, in how many calls, and what comes next. It changes nothing.

Options:
  -c, --config FILE        the daemon's file (default config/curfew.yaml)
      --mode MODE          plan as if the daemon's mode were audit or enforce (default: the file's)
      --output FORMAT      table or json (default table)
      --detailed-exitcode  exit 2 if something would end
      --all-next           all deadlines to come, not only the 20 earliest

Exit code: 0; 1 if an endpoint could not be read or the configuration has problems; 2 see above.`

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
  readonly terminate: readonly Told[] | null
  readonly audit: readonly Told[] | null
  readonly held: readonly Told[] | null
  readonly next: ReadonlyArray<{ connectionId: string; policy: string; at: string | null }> | null
  readonly nearMisses: readonly NearMiss[] | null
  readonly calls: number | null
  readonly etaSeconds: number | null
}

/** Somebody whom an entry of a policy names in part only: was it meant to? */
interface NearMiss {
  readonly connectionId: string
  readonly username: string | null
  readonly commonName: string | null
  readonly policy: string
  readonly entry: string
}

interface Told {
  readonly connectionId: string
  readonly username: string | null
  readonly commonName: string | null
  readonly policy: string
  readonly reason: string
  readonly since: string | null
  readonly deadline: string | null
  readonly because: string
  readonly alsoBy: readonly string[]
  /** Of what is held: by what. */
  readonly heldBy?: 'guard'
}

const told = (decisions: readonly Decision[], now: Instant, heldBy?: 'guard'): readonly Told[] =>
  decisions.flatMap((decision) => {
    const violation = violationOf(decision, now)
    if (violation === undefined) return []
    const { connectionId, username = null, commonName = null, policy, reason, because, alsoBy } = violation
    const [since, deadline] = [violation.since, violation.deadline].map((at) => (at === undefined ? null : toIso(at)))
    const all = {
      connectionId,
      username,
      commonName,
      policy,
      reason,
      since: since ?? null,
      deadline: deadline ?? null,
      because,
      alsoBy,
    }
    return [heldBy === undefined ? all : { ...all, heldBy }]
  })

export const plan: Command = {
  help,
  options: {
    ...CONFIG_OPTION,
    mode: { type: 'string' },
    output: { type: 'string', default: 'table' },
    'detailed-exitcode': { type: 'boolean' },
    'all-next': { type: 'boolean' },
  },
  async run({ values, positionals }) {
    if (positionals.length > 0) throw new UsageError(`plan takes no "${positionals[0]}"`)
    const output = oneOf('output', values.output, ['table', 'json'])
    const asked = values.mode === undefined ? undefined : oneOf('mode', values.mode, MODES)
    const { configuration } = configurationOrComplain(readConfiguration(String(values.config)))
    if (configuration === undefined) return EXIT.failed
    const mode = asked ?? configuration.mode
    const policies = policySetOf(configuration)
    const state = await peekState(configuration.state.file)
    const read = await readEndpoints(configuration)
    const endpoints = read.map(({ key, endpoint, snapshot }): EndpointPlan => {
      const { id, name, region, account = null } = endpoint
      const head = { endpointId: id, name, account, region }
      if (snapshot instanceof VpnError) return { ...head, ...BLIND, error: snapshot.message }
      const now = clock.now()
      const { history, decisions, bench } = decideAsTheDaemon({
        configuration,
        policies,
        state,
        key,
        snapshot,
        region,
        mode,
        now,
      })
      const together = usersToEndAtOnce(bench, snapshot.connections, decisions)
      const { terminate, audit, held, calls } = planOf(decisions, together)
      const next = upcoming(policies, bench.place, snapshot.connections, history, now)
      return {
        ...head,
        complete: true,
        snapshotAt: toIso(snapshot.completedAt),
        error: null,
        active: decisions.active,
        terminate: told(terminate, now),
        audit: told(audit, now),
        held: told(held, now, 'guard'),
        next: (values['all-next'] === true ? next : next.slice(0, NEXT)).map(({ connection, policy, at }) => ({
          connectionId: connection.id,
          policy: policy.name,
          at: toIso(at),
        })),
        nearMisses: decisions.nearMisses.map(
          ({ connection: { id: connectionId, username, commonName }, policy, entry }) => ({
            connectionId,
            username: username ?? null,
            commonName: commonName ?? null,
            policy: policy.name,
            entry,
          }),
        ),
        calls: calls.length,
        etaSeconds: etaSeconds(calls.length, configuration.termination.rate),
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

/** What was not seen is null, never zero and never empty. */
const BLIND = {
  complete: false,
  snapshotAt: null,
  active: null,
  terminate: null,
  audit: null,
  held: null,
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
    next,
    nearMisses,
    calls,
    etaSeconds: seconds,
  } = endpoint
  const title = `${name === endpointId ? endpointId : `${printable(name)} (${endpointId})`} in ${region}`
  if (!complete) return `${title}: BLIND, nothing is known and nothing would be done`
  const duration = formatDuration(Math.ceil(seconds ?? 0) * SECOND)
  const parts = [
    title,
    `${active} active, ${terminate?.length} would end now: ${calls} calls, the last one after ${duration}`,
    list('Would end now:', terminate ?? []),
    list('Held by the guard (mend the policy, or write "guard: off" in it if this is meant):', held ?? []),
    list('Would end if the mode were enforce:', audit ?? []),
    (next ?? []).length === 0
      ? ''
      : `\nComes next:\n${table(
          ['AT', 'POLICY', 'CONNECTION'],
          (next ?? []).map(({ at, policy, connectionId }) => [at ?? '', policy, connectionId]),
        )}`,
    ...(nearMisses ?? []).map(
      ({ username, commonName, policy, entry }) =>
        `\n${printable(`"${entry}" in "${policy}" does not name ${username ?? commonName}, who is connected`)}: did you mean it?`,
    ),
  ]
  return parts.filter((part) => part !== '').join('\n')
}

/** Two lines each: who, by which policy and which connection; then why. */
const list = (heading: string, entries: readonly Told[]): string => {
  if (entries.length === 0) return ''
  const who = ({ username, commonName }: Told) => username ?? commonName ?? '(nobody)'
  const [head = '', ...rows] = table(
    ['WHO', 'POLICY', 'CONNECTION'],
    entries.map((entry) => [who(entry), entry.policy, entry.connectionId]),
  ).split('\n')
  return [`\n${heading}`, head, ...rows.flatMap((row, index) => [row, fit(`  ${entries[index]?.because ?? ''}`)])].join(
    '\n',
  )
}
