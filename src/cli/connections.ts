import { type Connection, principalOf } from '../domain/connection.ts'
import { shownName } from '../domain/names/shown-name.ts'
import type { Termination } from '../domain/terminate/termination.ts'
import { formatDuration } from '../domain/time/duration.ts'
import { type Instant, toText } from '../domain/time/instant.ts'
import { CONFIG_OPTION, type Command, complain, EXIT, oneOf, outputOption, say } from './command.ts'
import { judgeEndpoints } from './compose-aws.ts'
import { readToShow } from './compose-files.ts'
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
import { plural } from './number-text.ts'
import { configurationOrComplain } from './problems.ts'
import { type SeenEndpoint, summaryLine, summaryOf, withOutcomes } from './summary.ts'
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

/** The longest connected first. */
const rowsOf = ({ judged: { memory }, outcomes }: Exclude<SeenEndpoint, { failure: unknown }>): readonly Row[] => {
  const next = connectionStates(outcomes)
  return [...outcomes.active]
    .sort((a, b) => (a.establishedAt ?? 0) - (b.establishedAt ?? 0) || (a.id < b.id ? -1 : 1))
    .map((connection) => ({
      connection,
      next: next.get(connection.id) ?? { state: 'none' },
      termination: memory.terminations.of(connection.id),
    }))
}

const OUTPUTS = ['table', 'json'] as const

export const connections: Command = {
  about: `Lists the active connections of every watched endpoint: the user, how long the connection has been up, its
next deadline, and the policy of that deadline. Instead of a deadline to come:
  now                   it has passed: the connection ends
  passed                it has passed, but the policy only reports
  held                  it has passed, and the guard holds the verdict
  next try T            a termination has failed; the next attempt may leave at T
  given up, next try T  all attempts have failed; a new round may begin at T

"in grace" marks a connection that violates the policy already, and "(audit)" a policy that only reports. The last line
counts the connections of all endpoints.

Lines are as long as the terminal is wide, or as COLUMNS says. Ids are never shortened, and in a pipe nothing is.`,
  options: { ...CONFIG_OPTION, ...outputOption(OUTPUTS) },
  exitCodes: '0; 1 if an endpoint could not be read or the configuration has errors.',
  async run({ values }) {
    const output = oneOf('output', values.output, OUTPUTS)
    const { configuration } = configurationOrComplain(readToShow(String(values.config)))
    if (configuration === undefined) return EXIT.failed
    const endpoints = (await judgeEndpoints(configuration)).endpoints.map(withOutcomes)
    const summary = summaryOf(endpoints)
    if (output === 'json') say(JSON.stringify({ endpoints: endpoints.map(asJson), summary }, null, 2))
    else say([...endpoints.map(asText), paragraph(summaryLine(summary))].join('\n\n'))
    const failed = endpoints.flatMap((one) => ('failure' in one ? [one.failure] : []))
    for (const { message } of failed) complain(`curfew: ${message}`)
    return failed.length > 0 ? EXIT.failed : EXIT.ok
  },
}

const policyText = (deadline: ReturnType<typeof deadlineOf>): string => {
  if (deadline === undefined) return '-'
  return deadline.acts ? deadline.policy.name : `${deadline.policy.name} (audit)`
}

const asText = (one: SeenEndpoint): string => {
  const title = titleOf(one.endpoint)
  if ('failure' in one) {
    return paragraph(`${title}: BLIND. The endpoint could not be read, so its connections are unknown.`)
  }
  const { now } = one.judged.judgement
  const rows = rowsOf(one)
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
      }
    }),
  )
  return `${paragraph(title)}\n${plural(rows.length, 'active connection')}${rows.length === 0 ? '' : `\n${shown}`}`
}

/** Facts that are not known are null, and so is every list of an endpoint that could not be read. */
const asJson = (one: SeenEndpoint) => {
  if ('failure' in one) return { ...endpointJson(one), connections: null }
  return {
    ...endpointJson(one),
    connections: rowsOf(one).map(({ connection, next, termination }) => {
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
