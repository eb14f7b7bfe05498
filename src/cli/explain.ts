import type { Configuration } from '../config/configuration.ts'
import { type Connection, nameOrNone, principalOf } from '../domain/connection.ts'
import { explain } from '../domain/judge/explain.ts'
import { quotedName } from '../domain/names/shown-name.ts'
import type { Instant } from '../domain/time/instant.ts'
import { parseInstant } from '../domain/time/instant-text.ts'
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
  UsageError,
} from './command.ts'
import { clock, judgeEndpoints } from './compose-aws.ts'
import { readToShow } from './compose-files.ts'
import { connectionStates, terminationJson } from './connection-state.ts'
import { endpointJson } from './endpoint-json.ts'
import { explainedText, explanationJson } from './explained.ts'
import { judgeImagined } from './imagined-connection.ts'
import { isoOrNull } from './iso-or-null.ts'
import { paragraph } from './lines.ts'
import { connectionByPart, connectionsOf, type LiveConnection, namesLike, noEndpoint } from './live-connections.ts'
import { painted } from './paint.ts'
import { configurationOrComplain } from './problems.ts'
import { type SeenEndpoint, summaryLine, summaryOf, withOutcomes } from './summary.ts'

const ONLY_IMAGINED = ['endpoint', 'established', 'at']

const instantOf = (option: string, text: string | undefined): Instant | undefined => {
  if (text === undefined) return undefined
  const parsed = parseInstant(text)
  if ('problem' in parsed) throw new UsageError(`--${option}: ${parsed.problem}`)
  return parsed.at
}

/** The question that the options ask. */
type Question =
  | { readonly about: 'part'; readonly part: string }
  | { readonly about: 'names'; readonly names: Pick<Connection, 'username' | 'commonName'> }
  | { readonly about: 'imagined'; readonly now: Instant }

const questionOf = (values: Given['values']): Question => {
  const part = stringOf(values.connection)
  const [username, commonName] = [stringOf(values.user), stringOf(values['common-name'])]
  const isNamed = username !== undefined || commonName !== undefined
  const imagine = values.imagine === true
  if ((part === undefined) !== isNamed || (imagine && part !== undefined)) {
    throw new UsageError('give either --user or --common-name, or --connection')
  }
  if (imagine) return { about: 'imagined', now: instantOf('at', stringOf(values.at)) ?? clock.now() }
  const unfit = ONLY_IMAGINED.find((option) => values[option] !== undefined)
  if (unfit !== undefined) {
    throw new UsageError(`--${unfit} is valid only with --imagine: the facts of a live connection come from AWS`)
  }
  if (part !== undefined) {
    if (part === '') throw new UsageError('--connection: expected a part of a connection id, found ""')
    return { about: 'part', part }
  }
  const names = { username: nameOrNone(username), commonName: nameOrNone(commonName) }
  if (names.username === undefined && names.commonName === undefined) {
    throw new UsageError(`"${username ?? commonName}" is no name: AWS writes it for nobody`)
  }
  return { about: 'names', names }
}

const OUTPUTS = ['text', 'json'] as const

export const explainCommand: Command = {
  usage: [
    '--user NAME [--common-name NAME]',
    '--connection PART',
    '--imagine --user NAME [--common-name NAME] [--endpoint ID] [--established T] [--at T]',
  ],
  about: `Shows the verdict of every policy on a connection, why, and when the verdict changes next. Every watched
endpoint is read. With --user it explains all active connections of that user; names are compared as policies compare
them. With --imagine AWS is not called: the connection is imagined, for a user who is not connected, and facts that no
option gives are unknown.`,
  options: {
    ...CONFIG_OPTION,
    user: { value: 'NAME', summary: 'the user name; the common name of connections that have no user name' },
    'common-name': { value: 'NAME', summary: 'the common name of the certificate' },
    connection: { value: 'PART', summary: 'the id of a connection, or any part of it that no other id has' },
    imagine: { summary: 'explain a connection that does not exist' },
    endpoint: { value: 'ID', summary: 'its endpoint, by id or by its name under "watch" (default: the first one)' },
    established: { value: 'T', summary: 'when it was established (default: at the instant of --at)' },
    at: { value: 'T', summary: 'instant of the verdicts, such as 2026-12-01T18:30:00+01:00 (default: now)' },
    ...outputOption(OUTPUTS),
  },
  exitCodes:
    '0; 1 if no such connection is found, if an endpoint could not be read, or if the configuration has errors.',
  async run({ values }) {
    const output = oneOf('output', values.output, OUTPUTS)
    const question = questionOf(values)
    const { configuration } = configurationOrComplain(readToShow(String(values.config)))
    if (configuration === undefined) return EXIT.failed
    if (question.about === 'imagined') {
      sayImagined(values, configuration, question.now, output)
      return EXIT.ok
    }
    const endpoints = (await judgeEndpoints(configuration)).endpoints.map(withOutcomes)
    const failed = endpoints.flatMap((one) => ('failure' in one ? [one.failure] : []))
    for (const { message } of failed) complain(`curfew: ${message}`)
    const found =
      question.about === 'part' ? connectionByPart(question.part, endpoints) : connectionsOf(question.names, endpoints)
    sayFound(found, endpoints, configuration, output)
    if (question.about === 'names' && found.length === 0) complainOfNobody(question.names, endpoints)
    return failed.length > 0 || found.length === 0 ? EXIT.failed : EXIT.ok
  },
}

const sayImagined = (values: Given['values'], configuration: Configuration, now: Instant, output: 'text' | 'json') => {
  const facts = {
    username: stringOf(values.user),
    commonName: stringOf(values['common-name']),
    endpointId: stringOf(values.endpoint),
    establishedAt: instantOf('established', stringOf(values.established)),
  }
  const { connection, judged } = judgeImagined(facts, configuration, now)
  const explanation = explain(judged, connection, [connection])
  const { endpointId: id, region } = connection
  const { mode } = configuration
  say(
    output === 'json'
      ? JSON.stringify(explanationJson(explanation), null, 2)
      : explainedText({ endpoint: { id, name: id, region }, connection, explanation, mode }),
  )
}

const explainLive = ({ on, connection, ofPrincipal }: LiveConnection) => explain(on.judged, connection, ofPrincipal)

const sayFound = (
  found: readonly LiveConnection[],
  endpoints: readonly SeenEndpoint[],
  { mode }: Configuration,
  output: 'text' | 'json',
) => {
  const ids = new Set(found.map(({ connection }) => connection.id))
  const summary = summaryOf(endpoints, (id) => ids.has(id))
  if (output === 'json') {
    const states = new Map(
      endpoints.flatMap((one) => ('failure' in one ? [] : [[one, connectionStates(one.outcomes)]])),
    )
    const connections = found.map((one) => liveJson(one, states.get(one.on)?.get(one.connection.id)?.state ?? 'none'))
    say(JSON.stringify({ connections, endpoints: endpoints.map(endpointJson), summary }, null, 2))
    return
  }
  const blocks = found.map((one, index) => {
    const { on, connection } = one
    const numbered = found.length === 1 ? '' : `${index + 1} of ${found.length}: `
    return explainedText({ endpoint: on.endpoint, connection, explanation: explainLive(one), mode, numbered })
  })
  say([...blocks, painted('bold', paragraph(summaryLine(summary)))].join('\n\n'))
}

const liveJson = (one: LiveConnection, state: string) => {
  const { on, connection } = one
  const { username = null, commonName = null, establishedAt, status } = connection
  const explanation = explainLive(one)
  const { termination } = explanation
  return {
    connectionId: connection.id,
    endpointId: on.endpoint.id,
    region: on.endpoint.region,
    username,
    commonName,
    establishedAt: isoOrNull(establishedAt),
    status,
    state,
    termination: termination === undefined ? null : terminationJson(termination),
    ...explanationJson(explanation),
  }
}

const complainOfNobody = (names: Pick<Connection, 'username' | 'commonName'>, endpoints: readonly SeenEndpoint[]) => {
  const name = principalOf(names) ?? ''
  complain(`curfew: ${noEndpoint(endpoints)} lists an active connection of ${quotedName(name)}`)
  const like = namesLike(name, endpoints).map(quotedName)
  if (like.length > 0) complain(`curfew: connected users with a name like it: ${like.join(', ')}`)
  complain(`curfew: why an earlier connection ended: curfew audit show --user ${quotedName(name)}`)
  complain('curfew: --imagine shows the verdicts on a connection that is not there')
}
