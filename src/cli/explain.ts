import { rulesOf } from '../app/endpoint-watch.ts'
import type { Configuration } from '../config/configuration.ts'
import { type Connection, nameOrNone } from '../domain/connection.ts'
import { NO_LIMITS } from '../domain/guard/limits.ts'
import { type Explanation, explain, type Judged } from '../domain/judge/explain.ts'
import { imaginedMemory, imaginedView } from '../domain/judge/imagined.ts'
import { judgeEndpoint } from '../domain/judge/judge-endpoint.ts'
import { NO_HISTORY } from '../domain/judge/memory.ts'
import { isDue } from '../domain/judge/verdict.ts'
import { principalNamesOf } from '../domain/names/user-list.ts'
import type { Mode } from '../domain/policies/policy.ts'
import { printable } from '../domain/printable.ts'
import type { Termination } from '../domain/terminate/termination.ts'
import { formatDuration } from '../domain/time/duration.ts'
import { type Instant, NEVER, SECOND, toIso, toText } from '../domain/time/instant.ts'
import { parseInstant } from '../domain/time/instant-text.ts'
import { assignmentOf } from './assignment.ts'
import {
  CONFIG_OPTION,
  type Command,
  EXIT,
  type Given,
  OperatorError,
  oneOf,
  say,
  stringOf,
  UsageError,
} from './command.ts'
import { clock, judgeEndpoints } from './compose-aws.ts'
import { readConfiguration } from './compose-files.ts'
import { configurationOrComplain } from './problems.ts'

const help = `Usage: curfew explain --user NAME [--common-name NAME] [--endpoint ID] [--established T] [--at T]
       curfew explain --connection ID

Shows the verdict of every policy on one connection, why, and when the verdict changes next. With
--user or --common-name the connection is imagined and AWS is not called; facts that no option gives
are unknown. With --connection it is a live connection.

Options:
  -c, --config FILE       the daemon's file (default config/curfew.yaml)
      --user NAME         the user name of an imagined connection
      --common-name NAME  the common name of its certificate
      --endpoint ID       its endpoint (default: the first watched endpoint)
      --established T     when it was established (default: at the instant of --at)
      --at T              instant of the verdicts, such as 2026-12-01T18:30:00+01:00 (default: now)
      --connection ID     a live connection; all connections of its endpoint are read from AWS
      --output FORMAT     text or json (default text)

Exit code: 0; 1 if the configuration has errors or the connection is not found.`

const instantOf = (option: string, text: string | undefined): Instant | undefined => {
  if (text === undefined) return undefined
  const parsed = parseInstant(text)
  if ('problem' in parsed) throw new UsageError(`--${option}: ${parsed.problem}`)
  return parsed.at
}

/** An imagined connection with the facts that the options give. */
const imagine = (values: Given['values'], { watch }: Configuration, at: Instant) => {
  const asked = stringOf(values.endpoint)
  const places = watch.flatMap(({ region, endpoints }) => endpoints.map(({ id }) => ({ endpointId: id, region })))
  const discovered = watch.find(({ discover }) => discover !== undefined)
  // Discovered endpoints are not known without calling AWS, so any id is accepted where `discover` is used.
  const elsewhere = discovered && { endpointId: asked ?? '(discovered)', region: discovered.region }
  const listed = asked === undefined ? places[0] : places.find(({ endpointId }) => endpointId === asked)
  const place = listed ?? elsewhere
  if (place === undefined) {
    const watched = places.map(({ endpointId }) => endpointId).join(', ')
    throw new UsageError(`--endpoint: expected a watched endpoint (${watched}), found "${asked}"`)
  }
  const connection: Connection = {
    ...place,
    id: 'imagined',
    username: nameOrNone(stringOf(values.user)),
    commonName: nameOrNone(stringOf(values['common-name'])),
    establishedAt: instantOf('established', stringOf(values.established)) ?? at,
    status: 'active',
    ingressBytes: undefined,
    egressBytes: undefined,
    posture: undefined,
  }
  return { connection, connections: [connection] }
}

/** The connection to explain, its judged endpoint, and the connections that count together with it. */
interface Subject {
  readonly connection: Connection
  readonly judged: Judged
  readonly others: readonly Connection[]
}

/** An imagined connection, judged as if the policies had always been in force and the guard held nothing. */
const imagined = (values: Given['values'], configuration: Configuration, now: Instant): Subject => {
  const { connection, connections } = imagine(values, configuration, now)
  const { policies, settings } = assignmentOf(configuration)
  const location = { id: connection.endpointId, region: connection.region }
  const always = { changedAt: () => -NEVER, earlierSet: () => undefined }
  const rules = rulesOf(policies, { ...settings, guard: NO_LIMITS }, location, always)
  const memory = imaginedMemory({ ...NO_HISTORY, firstSeenAt: () => now })
  const judgement = judgeEndpoint(imaginedView(connection.endpointId, connections, now), rules, memory, now)
  return { connection, judged: { judgement, rules, memory }, others: connections }
}

/** A live connection, judged with the daemon's state file. */
const live = async (id: string, configuration: Configuration): Promise<Subject> => {
  const endpoints = await judgeEndpoints(configuration)
  for (const one of endpoints) {
    if ('failure' in one) continue
    const { connections } = one.snapshot
    const connection = connections.find((row) => row.id === id)
    if (connection === undefined) continue
    // Connections of other principals do not change its verdicts.
    const { name } = principalNamesOf(connection)
    const isSame = (row: Connection) => row.id === id || (name !== undefined && principalNamesOf(row).name === name)
    return { connection, judged: one.judged, others: connections.filter(isSame) }
  }
  for (const one of endpoints) if ('failure' in one) throw new OperatorError(one.failure.message)
  throw new OperatorError(
    `no watched endpoint lists the connection ${id}: it may have ended, or its endpoint may not be watched`,
  )
}

export const explainCommand: Command = {
  help,
  options: {
    ...CONFIG_OPTION,
    user: { type: 'string' },
    'common-name': { type: 'string' },
    endpoint: { type: 'string' },
    established: { type: 'string' },
    at: { type: 'string' },
    connection: { type: 'string' },
    output: { type: 'string', default: 'text' },
  },
  async run({ values, positionals }) {
    if (positionals.length > 0) throw new UsageError(`explain: unexpected argument "${positionals[0]}"`)
    const output = oneOf('output', values.output, ['text', 'json'])
    const id = stringOf(values.connection)
    const named = values.user !== undefined || values['common-name'] !== undefined
    if ((id === undefined) !== named)
      throw new UsageError('explain: give either --user or --common-name, or --connection')
    if (id !== undefined && ['endpoint', 'established', 'at'].some((option) => values[option] !== undefined)) {
      throw new UsageError('--endpoint, --established and --at are valid only with --user or --common-name')
    }
    const now = instantOf('at', stringOf(values.at)) ?? clock.now()
    const { configuration } = configurationOrComplain(readConfiguration(String(values.config)))
    if (configuration === undefined) return EXIT.failed

    const { connection, judged, others } =
      id === undefined ? imagined(values, configuration, now) : await live(id, configuration)
    const explained = explain(judged, connection, others)
    const { mode } = configuration
    say(output === 'json' ? JSON.stringify(asJson(explained), null, 2) : asText(connection, explained, mode))
    return EXIT.ok
  },
}

const iso = (at: Instant | undefined) => (at === undefined ? null : toIso(at))

const asJson = ({ decision: { act, lead }, nextAt, verdicts }: Explanation) => ({
  decision: act === 'terminate' ? 'terminate' : 'keep',
  leadPolicy: act === 'terminate' ? (lead?.policy.name ?? null) : null,
  nextAt: iso(nextAt),
  verdicts: verdicts.map(({ verdict: { policy, word, since, deadline }, because, nextAt: next }) => ({
    policy: policy.name,
    kind: policy.kind.kind,
    mode: policy.mode,
    verdict: word,
    since: iso(since),
    deadline: iso(deadline),
    nextAt: iso(next),
    because,
  })),
})

const asText = (connection: Connection, explained: Explanation, mode: Mode): string => {
  const { now, termination } = explained
  const principal = printable(connection.username ?? connection.commonName ?? 'A connection without a name')
  const lines = explained.verdicts.map(({ verdict, because, nextAt }) => {
    const { policy, word, deadline } = verdict
    const grace = deadline !== undefined && !isDue(verdict, now) ? `, in grace until ${toText(deadline)}` : ''
    const next = nextAt === NEVER ? '' : `; changes at ${toText(nextAt)}, in ${inText(nextAt - now)}`
    return `  ${policy.name} (${policy.kind.kind}, ${policy.mode}): ${word}${grace}\n    ${printable(because)}${next}`
  })
  const modeNote =
    mode === 'audit' ? ['', 'The daemon is in audit mode: it ends no connection, whatever the verdicts are.'] : []
  return [
    `${principal} on ${connection.endpointId} (${connection.region}) at ${toText(now)}`,
    ...lines,
    ...terminationNote(termination),
    ...modeNote,
    '',
    'Message for the user:',
    `  ${printable(messageForUser(explained, mode))}`,
  ].join('\n')
}

/** Where the termination of the connection stands, which explains why a due connection is still up. */
const terminationNote = (termination: Termination | undefined): readonly string[] => {
  switch (termination?.state) {
    case 'given-up':
      return [
        '',
        `The termination was given up after ${termination.attempts} calls.`,
        `The next attempt is at ${toText(termination.tryAgainAt)}.`,
      ]
    case 'waiting':
      return ['', `The next attempt to terminate the connection is at ${toText(termination.tryAgainAt)}.`]
    case 'unproven':
      // The answer may have been lost: only a snapshot tells what the call did.
      return ['', `A call to terminate it left at ${toText(termination.leftAt)}. No snapshot has confirmed it yet.`]
    case 'lingering':
      return ['', `AWS has been terminating it since ${toText(termination.answeredAt)}. No further call is sent.`]
    case 'reported-gone':
      return ['', `AWS reported at ${toText(termination.answeredAt)} that it is gone, but the snapshot shows it.`]
    default:
      return []
  }
}

/** How long until an instant. A part of a second is not "0s": what happens then has not happened yet. */
const inText = (ms: number) => (ms < SECOND ? 'less than a second' : formatDuration(ms))

/** One sentence without words that only an operator knows. */
const messageForUser = ({ now, decision: { act, lead }, nextAt, verdicts }: Explanation, mode: Mode): string => {
  if (lead !== undefined) {
    const { because = '' } = verdicts.find(({ verdict }) => verdict.policy === lead.policy) ?? {}
    if (act === 'held') {
      return `The rule "${lead.policy.name}" would end your VPN connection, but a safety check prevents it: ${because}.`
    }
    if (act === 'audit') return `The rule "${lead.policy.name}" would end your VPN connection: ${because}.`
    const again = nextAt === NEVER ? '' : ` This changes at ${toText(nextAt)}.`
    return `The rule "${lead.policy.name}" ends your VPN connection: ${because}.${again}`
  }
  if (mode === 'enforce' && nextAt !== NEVER) {
    return `Your VPN connection can stay up until ${toText(nextAt)}, which is in ${inText(nextAt - now)}.`
  }
  return 'No rule ends your VPN connection.'
}
