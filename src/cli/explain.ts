import { VpnError } from '../app/vpn.ts'
import type { Configuration } from '../config/configuration.ts'
import { type Connection, nameOrNone } from '../domain/connection.ts'
import { createDecider } from '../domain/judge/decide.ts'
import { type Explanation, explain } from '../domain/judge/explain.ts'
import { NO_HISTORY } from '../domain/judge/memory.ts'
import type { Scene } from '../domain/judge/next-change.ts'
import { isDue } from '../domain/judge/verdict.ts'
import { personOf } from '../domain/names/user-list.ts'
import { printable } from '../domain/printable.ts'
import { formatDuration } from '../domain/time/duration.ts'
import { type Instant, NEVER, toIso, toText } from '../domain/time/instant.ts'
import { parseInstant } from '../domain/time/instant-text.ts'
import { decideAsTheDaemon } from './as-the-daemon.ts'
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
import { clock, peekState, policySetOf, readEndpoints } from './compose-aws.ts'
import { readConfiguration } from './compose-files.ts'
import { configurationOrComplain } from './problems.ts'

const help = `Usage: curfew explain --user NAME [--common-name NAME] [--endpoint ID] [--established T] [--at T]
       curfew explain --connection ID

Says what every policy makes of a person or of a live connection, why, and what changes when. By name nothing is asked
of AWS: the connection is imagined; what is not given is unknown.

Options:
  -c, --config FILE       the daemon's file (default config/curfew.yaml)
      --user NAME         the user name
      --common-name NAME  the common name of the certificate
      --endpoint ID       the endpoint (default: the first that is watched)
      --established T     when it was established (default: at --at, as if connecting then)
      --at T              the instant to look at, such as 2026-12-01T18:30:00+01:00 (default: now)
      --connection ID     a live connection, read from AWS with all others of its endpoint
      --output FORMAT     text or json (default text)

Exit code: 0; 1 if the configuration has problems or the connection is not found.`

const instantOf = (option: string, text: string | undefined): Instant | undefined => {
  if (text === undefined) return undefined
  const parsed = parseInstant(text)
  if ('problem' in parsed) throw new UsageError(`--${option}: ${parsed.problem}`)
  return parsed.at
}

/** A connection that is not there, as far as the options tell of it. */
const imagine = (values: Given['values'], { watch }: Configuration, at: Instant) => {
  const asked = stringOf(values.endpoint)
  const places = watch.flatMap(({ region, endpoints }) => endpoints.map(({ id }) => ({ endpointId: id, region })))
  const discovered = watch.find(({ discover }) => discover !== undefined)
  // An endpoint that is found by its tags is not known without asking AWS: it is taken at its word.
  const elsewhere = discovered && { endpointId: asked ?? '(discovered)', region: discovered.region }
  const listed = asked === undefined ? places[0] : places.find(({ endpointId }) => endpointId === asked)
  const place = listed ?? elsewhere
  if (place === undefined) {
    throw new UsageError(
      `--endpoint: "${asked}" is not watched: ${places.map(({ endpointId }) => endpointId).join(', ')} are`,
    )
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

/** What is to be explained: a connection, in its scene, and which policies the guard holds back. */
interface Subject {
  readonly connection: Connection
  readonly scene: Scene
  readonly isHeld: (policy: string) => boolean
}

/** By name: as if it had been decided all along. */
const imagined = (values: Given['values'], configuration: Configuration, now: Instant): Subject => {
  const { connection, connections } = imagine(values, configuration, now)
  const { policies, mode } = configuration
  const decider = createDecider(policySetOf(configuration), connection)
  const history = { ...NO_HISTORY, firstSeenAt: () => now }
  return { connection, scene: { policies, decider, connections, history, now, mode }, isHeld: () => false }
}

/** A live connection, with what the daemon's state file remembers. */
const live = async (id: string, configuration: Configuration, now: Instant): Promise<Subject> => {
  const { policies, mode } = configuration
  const set = policySetOf(configuration)
  const state = await peekState(configuration.state.file)
  const read = await readEndpoints(configuration)
  for (const { key, endpoint, snapshot } of read) {
    if (snapshot instanceof VpnError) continue
    const connection = snapshot.connections.find((row) => row.id === id)
    if (connection === undefined) continue
    const { region } = endpoint
    const known = decideAsTheDaemon({ configuration, policies: set, state, key, snapshot, region, mode, now })
    const { decider, history, decisions } = known
    // Others of the same person count for what rests on the whole snapshot; strangers change nothing.
    const { principal } = personOf(connection)
    const isSame = (row: Connection) =>
      row.id === id || (principal !== undefined && personOf(row).principal === principal)
    const connections = snapshot.connections.filter(isSame)
    const held = decisions.violating.find((decision) => decision.connection.id === id)?.held ?? []
    return {
      connection,
      scene: { policies, decider, connections, history, now, mode },
      isHeld: (name) => held.some(({ policy }) => policy.name === name),
    }
  }
  const failed = read.find(({ snapshot }) => snapshot instanceof VpnError)?.snapshot
  if (failed instanceof VpnError) throw new OperatorError(failed.message)
  throw new OperatorError(`${id} is not on any watched endpoint: it may have ended, or belong to another endpoint`)
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
    if (positionals.length > 0) throw new UsageError(`explain takes no "${positionals[0]}"`)
    const output = oneOf('output', values.output, ['text', 'json'])
    const id = stringOf(values.connection)
    const named = values.user !== undefined || values['common-name'] !== undefined
    if ((id === undefined) !== named) throw new UsageError('explain either --user or --common-name, or --connection')
    if (id !== undefined && ['endpoint', 'established', 'at'].some((option) => values[option] !== undefined)) {
      throw new UsageError('--endpoint, --established and --at go with --user or --common-name only')
    }
    const now = instantOf('at', stringOf(values.at)) ?? clock.now()
    const { configuration } = configurationOrComplain(readConfiguration(String(values.config)))
    if (configuration === undefined) return EXIT.failed

    const { connection, scene, isHeld } =
      id === undefined ? imagined(values, configuration, now) : await live(id, configuration, now)
    const explained = explain(scene, connection, isHeld)
    say(output === 'json' ? JSON.stringify(asJson(explained), null, 2) : asText(connection, explained, scene))
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

const asText = (connection: Connection, explained: Explanation, scene: Scene): string => {
  const { now, mode } = scene
  const who = printable(connection.username ?? connection.commonName ?? 'Somebody without a name')
  const lines = explained.verdicts.map(({ verdict, because, nextAt }) => {
    const { policy, word, deadline } = verdict
    const grace = deadline !== undefined && !isDue(verdict, now) ? `, in grace until ${toText(deadline)}` : ''
    const next = nextAt === NEVER ? '' : `; changes at ${toText(nextAt)}, in ${formatDuration(nextAt - now)}`
    return `  ${policy.name} (${policy.kind.kind}, ${policy.mode}): ${word}${grace}\n    ${printable(because)}${next}`
  })
  const modeNote =
    mode === 'audit' ? ['', 'The daemon’s mode is audit: it ends nobody, whatever the policies say.'] : []
  return [
    `${who} on ${connection.endpointId} (${connection.region}) at ${toText(now)}`,
    ...lines,
    ...modeNote,
    '',
    'To tell the person:',
    `  ${printable(forThePerson(explained, scene))}`,
  ].join('\n')
}

/** Without words that only an operator knows. */
const forThePerson = ({ decision: { act, lead }, nextAt, verdicts }: Explanation, { now, mode }: Scene): string => {
  if (lead !== undefined && act !== 'keep') {
    const { because = '' } = verdicts.find(({ verdict }) => verdict.policy === lead.policy) ?? {}
    if (act === 'held') {
      return `The rule "${lead.policy.name}" would end your VPN connection, but a safety check holds it back: ${because}.`
    }
    if (act === 'audit') return `The rule "${lead.policy.name}" would end your VPN connection: ${because}.`
    const again = nextAt === NEVER ? '' : ` This changes at ${toText(nextAt)}.`
    return `Your VPN connection is being ended by the rule "${lead.policy.name}": ${because}.${again}`
  }
  if (mode === 'enforce' && nextAt !== NEVER) {
    return `Your VPN connection may stay until ${toText(nextAt)}, which is in ${formatDuration(nextAt - now)}.`
  }
  return 'No rule ends your VPN connection.'
}
