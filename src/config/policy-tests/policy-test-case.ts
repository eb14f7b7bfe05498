import { type Connection, nameOrNone } from '../../domain/connection.ts'
import type { Expectation, PolicyCase, TestedConnection } from '../../domain/judge/policy-test.ts'
import { type Instant, toText } from '../../domain/time/instant.ts'
import { readKeys } from '../yaml/read-keys.ts'
import type { YamlFile } from '../yaml/yaml-file.ts'
import type { Path } from '../yaml/yaml-tree.ts'
import { caseKeys, EXPECTATION_KEYS, type WrittenCase, type WrittenConnection } from './policy-test-schema.ts'

/** A case with its name and place. */
export interface NamedCase extends PolicyCase {
  readonly name: string
  /** `file:line:column` of the case. */
  readonly place: string
}

/** The endpoint and Region of a connection that names none. */
const DEFAULT_ENDPOINT = 'cvpn-endpoint-00000000000000000'
const DEFAULT_REGION = 'eu-central-1'

type Written = Readonly<Record<string, unknown>>

/** A connection of a case: its path, the written keys, and the values that were read from them. */
interface CaseConnection {
  readonly path: Path
  readonly written: Written
  readonly read: WrittenConnection | undefined
}

/**
 * Checks and binds one case. Invalid parts are reported and left out. `known` has the names of all policies, or is
 * undefined if some policies could not be read.
 */
export const bindCase = (
  file: YamlFile,
  path: Path,
  written: unknown,
  known: ReadonlySet<string> | undefined,
): NamedCase | undefined => {
  if (!isMap(written)) {
    file.problem(path, 'expected a case: a map with "name", "at", "connection" and "expect"')
    return undefined
  }
  const one: WrittenCase = readKeys(file, caseKeys, path, written, '')
  const caseConnections = connectionsIn(file, path, written, one)
  checkExpectations(file, path, written, caseConnections)
  checkIds(file, caseConnections)
  checkEndpoints(file, caseConnections)
  checkInstants(file, path, one, caseConnections)
  if (known !== undefined) checkPolicyNames(file, path, one, caseConnections, known)

  const { name, at, cuts = [] } = one
  if (name === undefined || at === undefined) return undefined
  const connections = caseConnections.flatMap(({ read }, index): TestedConnection[] => {
    const expected = expectationOf(one) ?? (read && expectationOf(read))
    if (read === undefined || expected === undefined) return []
    const { endpointName, tags, lastActivity } = read
    return [
      {
        connection: connectionOf(read, index),
        endpointName,
        tags: tags && new Map(Object.entries(tags)),
        lastActivityAt: lastActivity,
        expected,
      },
    ]
  })
  return {
    name,
    place: file.placeOf(path),
    at,
    connections,
    cuts: cuts.map((cut) => ({
      connection: connectionOf({ username: cut.username }, 0),
      policy: cut.policy,
      at: cut.at,
    })),
  }
}

const isMap = (value: unknown): value is Written => typeof value === 'object' && value !== null && !Array.isArray(value)

const expectationOf = ({ expect, by, nextAt }: Pick<WrittenConnection, keyof Expectation>): Expectation | undefined =>
  expect === undefined ? undefined : { expect, by, nextAt }

/**
 * Facts that are not given are unknown. With `lastActivity`, byte counters that are not given are 0, because their
 * value does not matter.
 */
const connectionOf = (written: WrittenConnection, index: number): Connection => {
  const count = written.lastActivity === undefined ? undefined : 0
  return {
    id: written.id ?? `cvpn-connection-${String(index + 1).padStart(17, '0')}`,
    endpointId: written.endpoint ?? DEFAULT_ENDPOINT,
    region: written.region ?? DEFAULT_REGION,
    username: nameOrNone(written.username),
    commonName: nameOrNone(written.commonName),
    establishedAt: written.established,
    status: written.status ?? 'active',
    ingressBytes: written.bytes?.in ?? count,
    egressBytes: written.bytes?.out ?? count,
    posture: written.posture,
  }
}

/** The connections of a case. Reports a case without connections, and one with both `connection` and `connections`. */
const connectionsIn = (file: YamlFile, path: Path, written: Written, one: WrittenCase): readonly CaseConnection[] => {
  const { connection, connections } = written
  if (connection === undefined && connections === undefined && !file.isFlawed([...path, 'connections'])) {
    file.problem(
      [...path, 'connection'],
      'the case has no connection: write "connection", or "connections" for several',
    )
  }
  if (connection !== undefined && connections !== undefined) {
    const message = 'this case also has "connection": put all of its connections under "connections"'
    file.problem([...path, 'connections'], message, { at: 'key' })
  }
  const several = Array.isArray(connections) ? connections : []
  return [
    ...(isMap(connection) ? [{ path: [...path, 'connection'], written: connection, read: one.connection }] : []),
    ...several.flatMap((entry: unknown, index): CaseConnection[] =>
      isMap(entry) ? [{ path: [...path, 'connections', index], written: entry, read: one.connections?.[index] }] : [],
    ),
  ]
}

const keysOfExpectation = (written: Written) => EXPECTATION_KEYS.filter((key) => Object.hasOwn(written, key))

/** `expect`, with `by` and `nextAt`, must be given once for the case or for each of its connections. */
const checkExpectations = (
  file: YamlFile,
  path: Path,
  written: Written,
  connections: readonly CaseConnection[],
): void => {
  const reportMissing = (at: Path, where: string) =>
    file.problem([...at, 'expect'], `"expect" is missing: write terminate or keep ${where}`)
  const inCase = keysOfExpectation(written)
  if (inCase.length > 0 && !inCase.includes('expect')) reportMissing(path, `next to "${inCase[0]}"`)
  const inConnections = connections.flatMap(({ path: at, written: keys }) =>
    keysOfExpectation(keys).map((key) => [...at, key] as const),
  )
  if (inCase.length > 0) {
    for (const at of inConnections) {
      const message = `the connection has "${String(at.at(-1))}" and the case has "${inCase[0]}": write what is expected for the case or for each connection, not for both`
      file.problem(at, message, { at: 'key' })
    }
  } else if (inConnections.length === 0) {
    reportMissing(path, 'once for the case, or for each of its connections')
  } else {
    for (const { path: at, written: keys } of connections) {
      if (!Object.hasOwn(keys, 'expect')) reportMissing(at, 'for this connection too')
    }
  }
}

const checkIds = (file: YamlFile, connections: readonly CaseConnection[]): void => {
  const ids = new Set<string>()
  connections.forEach(({ path, read }, index) => {
    if (read === undefined) return
    const { id } = connectionOf(read, index)
    if (ids.has(id)) {
      file.problem(
        [...path, 'id'],
        `another connection of this case has the id "${id}": give each connection its own id`,
      )
    }
    ids.add(id)
  })
}

/** The same text for the same name, or for the same tags in any order. */
const textOf = (told: string | Readonly<Record<string, string>>): string =>
  typeof told === 'string' ? told : JSON.stringify(Object.entries(told).sort(([a], [b]) => (a < b ? -1 : 1)))

/** The connections of one endpoint must not tell different names or tags of it. */
const checkEndpoints = (file: YamlFile, connections: readonly CaseConnection[]): void => {
  for (const key of ['endpointName', 'tags'] as const) {
    const first = new Map<string, string>()
    for (const [index, { path, read }] of connections.entries()) {
      if (read?.[key] === undefined) continue
      const { endpointId, region } = connectionOf(read, index)
      const endpoint = JSON.stringify([endpointId, region])
      const told = textOf(read[key])
      const known = first.get(endpoint)
      first.set(endpoint, known ?? told)
      if (known === undefined || known === told) continue
      const message = `another connection of the endpoint ${endpointId} has other values here: write the same, or another "endpoint"`
      file.problem([...path, key], message)
    }
  }
}

/** Terminations and activities must not be later than the case. */
const checkInstants = (
  file: YamlFile,
  path: Path,
  { at, cuts = [] }: WrittenCase,
  connections: readonly CaseConnection[],
): void => {
  const check = (event: string, happenedAt: Instant | undefined, place: Path) => {
    if (at === undefined || happenedAt === undefined || happenedAt <= at) return
    file.problem(
      place,
      `${event} at ${toText(happenedAt)} is later than the case at ${toText(at)}: correct one of the two`,
    )
  }
  cuts.forEach((cut, index) => check('the termination', cut.at, [...path, 'cuts', index, 'at']))
  for (const { path: place, read } of connections) {
    check('the activity', read?.lastActivity, [...place, 'lastActivity'])
  }
}

const checkPolicyNames = (
  file: YamlFile,
  path: Path,
  { by, cuts = [] }: WrittenCase,
  connections: readonly CaseConnection[],
  known: ReadonlySet<string>,
): void => {
  const check = (name: string, place: Path) => {
    if (!known.has(name)) file.problem(place, `this test has no policy "${name}": correct the name`, { known })
  }
  const checkAll = (names: readonly string[] | undefined, at: Path) =>
    names?.forEach((name, index) => check(name, [...at, 'by', index]))
  checkAll(by, path)
  for (const { path: at, read } of connections) checkAll(read?.by, at)
  cuts.forEach(({ policy }, index) => check(policy, [...path, 'cuts', index, 'policy']))
}
