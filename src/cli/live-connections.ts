import { nearest } from '../config/yaml/nearest.ts'
import { type Connection, principalOf } from '../domain/connection.ts'
import { shownName } from '../domain/names/shown-name.ts'
import { principalNamesOf } from '../domain/names/user-list.ts'
import { printable } from '../domain/printable.ts'
import { firstNames } from '../domain/shortened.ts'
import { OperatorError } from './command.ts'
import type { SeenEndpoint } from './summary.ts'

type ReadEndpoint = Exclude<SeenEndpoint, { readonly failure: unknown }>

/** A connection that AWS lists, on an endpoint that was read. */
export interface LiveConnection {
  readonly on: ReadEndpoint
  readonly connection: Connection
  /** The connections of its principal on the endpoint, itself included. Those of others do not change its verdicts. */
  readonly ofPrincipal: readonly Connection[]
}

const readOf = (endpoints: readonly SeenEndpoint[]) =>
  endpoints.filter((one): one is ReadEndpoint => !('failure' in one))

/** The subject of a sentence that says what was not found. */
export const noEndpoint = (endpoints: readonly SeenEndpoint[]): string =>
  readOf(endpoints).length === endpoints.length ? 'no watched endpoint' : 'no watched endpoint that could be read'

/** Connections of the endpoint, each with all of its principal. */
const liveConnections = (on: ReadEndpoint, asked: readonly Connection[]): readonly LiveConnection[] => {
  const byName = new Map(asked.map((one) => [principalNamesOf(one).name, [] as Connection[]]))
  for (const one of on.outcomes.active) byName.get(principalNamesOf(one).name)?.push(one)
  return asked.map((connection) => {
    const { name } = principalNamesOf(connection)
    return { on, connection, ofPrincipal: (name !== undefined && byName.get(name)) || [connection] }
  })
}

/** The active connections of a principal, and of a certificate's common name if one is given. */
export const connectionsOf = (
  names: Pick<Connection, 'username' | 'commonName'>,
  endpoints: readonly SeenEndpoint[],
): readonly LiveConnection[] => {
  const { username, commonName } = principalNamesOf(names)
  const isAsked = (connection: Connection) => {
    const of = principalNamesOf(connection)
    return (
      (username === undefined || of.name === username) && (commonName === undefined || of.commonName === commonName)
    )
  }
  return readOf(endpoints).flatMap((on) => liveConnections(on, on.outcomes.active.filter(isAsked)))
}

const foldedName = (name: string) => principalNamesOf({ username: name, commonName: undefined }).name ?? ''

/** Connected principals with names that contain the name, and the one that is spelled most alike. Each is named once. */
export const namesLike = (name: string, endpoints: readonly SeenEndpoint[]): readonly string[] => {
  const connected = new Map<string, string>()
  for (const { outcomes } of readOf(endpoints)) {
    for (const one of outcomes.active) {
      const principal = principalOf(one)
      if (principal !== undefined) connected.set(foldedName(principal), principal)
    }
  }
  const asked = foldedName(name)
  const alike = nearest(asked, connected.keys())
  const like = [...connected].filter(([folded]) => folded === alike || (asked !== '' && folded.includes(asked)))
  return firstNames(like.map(([, principal]) => principal).sort())
}

/** The connection with this id, or the only one whose id has this part. */
export const connectionByPart = (part: string, endpoints: readonly SeenEndpoint[]): readonly LiveConnection[] => {
  const all = readOf(endpoints).flatMap((on) => on.snapshot.connections.map((connection) => ({ on, connection })))
  const found = all.filter(({ connection }) => connection.id.includes(part))
  const exact = found.find(({ connection }) => connection.id === part)
  const [first, ...others] = exact === undefined ? found : [exact]
  if (first === undefined) {
    const asked = printable(part)
    throw new OperatorError(
      `${noEndpoint(endpoints)} lists a connection "${asked}": it may have ended, or its endpoint may not be watched\n  Why it ended: curfew audit show --connection ${asked}`,
    )
  }
  if (others.length > 0) {
    const lines = found.map(({ connection, on: { endpoint } }) => {
      const { name, id } = endpoint
      const principal = shownName(principalOf(connection) ?? '(no name)')
      return printable(`${connection.id}  ${principal} on ${name === id ? id : `${name} (${id})`}`)
    })
    throw new OperatorError(
      [`"${printable(part)}" is a part of ${found.length} connection ids: give more of it.`, ...firstNames(lines)].join(
        '\n  ',
      ),
    )
  }
  return liveConnections(first.on, [first.connection])
}
