import type { Configuration } from '../config/configuration.ts'
import { region as regionCode } from '../config/schema/region.ts'
import { type Connection, nameOrNone, principalOf } from '../domain/connection.ts'
import { explain } from '../domain/judge/explain.ts'
import { isAddress } from '../domain/names/address-range.ts'
import { quotedName } from '../domain/names/shown-name.ts'
import type { Instant } from '../domain/time/instant.ts'
import { listed } from './arguments.ts'
import { explainAtDoor } from './at-the-door.ts'
import { checked } from './checked.ts'
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
import { clock, judgeEndpoints } from './compose-aws.ts'
import { readToShow } from './compose-files.ts'
import { connectionStates, terminationJson } from './connection-state.ts'
import { doorExplainedJson, doorExplainedText } from './door-explained.ts'
import { endpointJson } from './endpoint-json.ts'
import { explainedText, explanationJson } from './explained.ts'
import { complainOfDropped, HANDLER_OPTIONS, handlerSettingsOf } from './handler-settings.ts'
import { judgeImagined } from './imagined-connection.ts'
import { isoOrNull } from './iso-or-null.ts'
import { paragraph } from './lines.ts'
import { connectionByPart, connectionsOf, type LiveConnection, namesLike, noEndpoint } from './live-connections.ts'
import { painted } from './paint.ts'
import { instantOf } from './point-in-time.ts'
import { configurationOrComplain } from './problems.ts'
import { type SeenEndpoint, summaryLine, summaryOf, withOutcomes } from './summary.ts'
import { watchedPlaceOf } from './watched-place.ts'

/** The options that are settings of the connect handler. */
const SETTINGS = ['region', ...Object.keys(HANDLER_OPTIONS)]

/** The options that make a question about a connection that does not exist, and the options that belong to each. */
const FORMS: Readonly<Record<'imagine' | 'at-the-door', readonly string[]>> = {
  imagine: ['endpoint', 'at', 'established'],
  'at-the-door': ['endpoint', 'at', 'idp-group', 'platform', 'public-ip', 'client-version', ...SETTINGS],
}

/** The question that the options ask. */
type Question =
  | { readonly about: 'part'; readonly part: string }
  | { readonly about: 'names'; readonly names: Pick<Connection, 'username' | 'commonName'> }
  | { readonly about: 'imagined'; readonly now: Instant }
  | { readonly about: 'door'; readonly now: Instant }

const WHY_UNFIT = {
  live: 'the facts of a live connection come from AWS',
  imagine: 'AWS tells this fact to the connect handler alone',
  'at-the-door': 'at the door the connection begins at the instant of --at',
} as const

/** Refuses an option that does not belong to the form of the question. */
const expectFitting = (values: Given['values'], form: keyof typeof FORMS | undefined) => {
  const isGiven = (option: string) => {
    const value = values[option]
    return Array.isArray(value) ? value.length > 0 : value !== undefined
  }
  const fitting = form === undefined ? [] : FORMS[form]
  const unfit = Object.values(FORMS)
    .flat()
    .find((option) => isGiven(option) && !fitting.includes(option))
  if (unfit === undefined) return
  const forms = Object.entries(FORMS)
    .filter(([, options]) => options.includes(unfit))
    .map(([name]) => `--${name}`)
  const why = SETTINGS.includes(unfit) ? 'it is a setting of the connect handler' : WHY_UNFIT[form ?? 'live']
  throw new UsageError(`--${unfit} is valid only with ${listed(forms)}: ${why}`)
}

/** Anything else would be unknown at the door, and the answer would tell nothing about the policies. */
const expectAddress = (ip: string | undefined) => {
  if (ip === undefined || isAddress(ip)) return
  throw new UsageError(`--public-ip: expected an address such as 203.0.113.7 or 2001:db8::7, found "${ip}"`)
}

const questionOf = (values: Given['values']): Question => {
  const part = stringOf(values.connection)
  const [username, commonName] = [stringOf(values.user), stringOf(values['common-name'])]
  const isNamed = username !== undefined || commonName !== undefined
  const [imagine, isAtDoor] = [values.imagine === true, values['at-the-door'] === true]
  if (imagine && isAtDoor) throw new UsageError('give either --imagine or --at-the-door')
  if ((part === undefined) !== isNamed || ((imagine || isAtDoor) && part !== undefined)) {
    throw new UsageError('give either --user or --common-name, or --connection')
  }
  expectFitting(values, imagine ? 'imagine' : isAtDoor ? 'at-the-door' : undefined)
  expectAddress(stringOf(values['public-ip']))
  if (typeof values.region === 'string') checked(regionCode, '--region', values.region)
  if (imagine || isAtDoor) {
    return { about: imagine ? 'imagined' : 'door', now: instantOf('at', stringOf(values.at)) ?? clock.now() }
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
    '--at-the-door --user NAME [--common-name NAME] [--endpoint ID] [--idp-group GROUP...] [--platform P] [--public-ip IP] [--client-version V] [--region REGION] [--mode MODE] [--on-error ANSWER] [--at T]',
  ],
  about: `Shows the verdict of every policy on a connection, why, and when the verdict changes next. Every watched
endpoint is read. With --user it explains all active connections of that user; names are compared as policies compare
them. With --imagine AWS is not called: the connection is imagined, for a user who is not connected, and facts that no
option gives are unknown. With --at-the-door it explains what AWS's client connect handler answers to such a person.`,
  options: {
    ...CONFIG_OPTION,
    user: { value: 'NAME', summary: 'the user name; the common name of connections that have no user name' },
    'common-name': { value: 'NAME', summary: 'the common name of the certificate' },
    connection: { value: 'PART', summary: 'the id of a connection, or any part of it that no other id has' },
    imagine: { summary: 'explain a connection that does not exist' },
    'at-the-door': { summary: 'explain the answer of the client connect handler to somebody who connects' },
    endpoint: { value: 'ID', summary: 'its endpoint, by id or by its name under "watch" (default: the first one)' },
    established: { value: 'T', summary: 'when it was established (default: at the instant of --at)' },
    at: { value: 'T', summary: 'instant of the verdicts, such as 2026-12-01T18:30:00+01:00 (default: now)' },
    'idp-group': {
      value: 'GROUP',
      multiple: true,
      summary: 'a group of the user at the identity provider',
    },
    platform: { value: 'P', summary: 'the platform of the client, as AWS reports it' },
    'public-ip': { value: 'IP', summary: 'the address that the client connects from' },
    'client-version': { value: 'V', summary: 'the version of the AWS client, such as 5.2.1' },
    region: { value: 'REGION', summary: 'the Region of the handler (default: that of the endpoint under "watch")' },
    ...HANDLER_OPTIONS,
    ...outputOption(OUTPUTS),
  },
  exitCodes:
    '0; 1 if no such connection is found, if an endpoint could not be read, or if the configuration has errors.',
  async run({ values }) {
    const output = oneOf('output', values.output, OUTPUTS)
    const question = questionOf(values)
    const { configuration } = configurationOrComplain(readToShow(String(values.config)))
    if (configuration === undefined) return EXIT.failed
    if ('now' in question) {
      const sayIt = { imagined: sayImagined, door: sayAtDoor }[question.about]
      sayIt(values, configuration, question.now, output)
      return EXIT.ok
    }
    const endpoints = (await judgeEndpoints(configuration)).endpoints.map((one) => withOutcomes(one))
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

/** Says what the handler decides about a request that has the facts of the options. */
const sayAtDoor = (values: Given['values'], configuration: Configuration, now: Instant, output: 'text' | 'json') => {
  const { endpointId, region } = watchedPlaceOf(stringOf(values.endpoint), configuration)
  const settings = handlerSettingsOf(values)
  const groups = stringsOf(values['idp-group'])
  const event = {
    'endpoint-id': endpointId,
    username: stringOf(values.user),
    'common-name': stringOf(values['common-name']),
    groups: groups.length === 0 ? undefined : groups,
    platform: stringOf(values.platform),
    'public-ip': stringOf(values['public-ip']),
    'aws-client-version': stringOf(values['client-version']),
  }
  const explained = explainAtDoor(event, configuration, { region: stringOf(values.region) ?? region, now, ...settings })
  complainOfDropped(settings, explained.rules)
  say(
    output === 'json' ? JSON.stringify(doorExplainedJson(explained), null, 2) : doorExplainedText(explained).join('\n'),
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
