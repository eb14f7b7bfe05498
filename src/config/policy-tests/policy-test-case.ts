import { type Connection, nameOrNone } from '../../domain/connection.ts'
import type { Expectation, PolicyCase, TestedConnection } from '../../domain/judge/policy-test.ts'
import { type Instant, toText } from '../../domain/time/instant.ts'
import { readKeys } from '../yaml/read-keys.ts'
import type { YamlFile } from '../yaml/yaml-file.ts'
import type { Path } from '../yaml/yaml-tree.ts'
import { caseKeys, EXPECTATION_KEYS, type WrittenCase, type WrittenConnection } from './policy-test-schema.ts'

/** A case and where it was written. */
export interface NamedCase extends PolicyCase {
  readonly name: string
  /** `file:line:column`. */
  readonly place: string
}

/** Where a case says nothing else. */
const DEFAULT_ENDPOINT = 'cvpn-endpoint-00000000000000000'
const DEFAULT_REGION = 'eu-central-1'

type Written = Readonly<Record<string, unknown>>

/** A part of a case: as it was written, and what was read of it. */
interface Spot {
  readonly path: Path
  readonly written: Written
  readonly read: WrittenConnection | undefined
}

/**
 * One case, checked and bound; wrong parts are reported and left out. `known` are the names of all policies, undefined if
 * some could not be read.
 */
export const bindCase = (
  file: YamlFile,
  path: Path,
  written: unknown,
  known: ReadonlySet<string> | undefined,
): NamedCase | undefined => {
  if (!isMap(written)) {
    file.problem(path, 'expected a case, a map with "name", "at", "connection" and "expect"')
    return undefined
  }
  const one: WrittenCase = readKeys(file, caseKeys, path, written, '')
  const spots = spotsOf(file, path, written, one)
  checkExpectations(file, path, written, spots)
  checkIds(file, spots)
  checkInstants(file, path, one, spots)
  if (known !== undefined) checkPolicyNames(file, path, one, spots, known)

  const { name, at, cuts = [] } = one
  if (name === undefined || at === undefined) return undefined
  const connections = spots.flatMap(({ read }, index): TestedConnection[] => {
    const expected = expectationOf(one) ?? (read && expectationOf(read))
    if (read === undefined || expected === undefined) return []
    return [{ connection: connectionOf(read, index), lastActivityAt: read.lastActivity, expected }]
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

/** What is not given is unknown. Counters that have stood still since an instant do so whatever they count. */
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

/** The connections of a case; says so if there are none, or two sorts of them. */
const spotsOf = (file: YamlFile, path: Path, written: Written, one: WrittenCase): readonly Spot[] => {
  const { connection, connections } = written
  if (connection === undefined && connections === undefined && !file.isFlawed([...path, 'connections'])) {
    file.problem([...path, 'connection'], 'nobody is connected: write "connection", or "connections" for several')
  }
  if (connection !== undefined && connections !== undefined) {
    const message = 'this case has "connection" as well: put all of its connections under "connections"'
    file.problem([...path, 'connections'], message, { at: 'key' })
  }
  const several = Array.isArray(connections) ? connections : []
  return [
    ...(isMap(connection) ? [{ path: [...path, 'connection'], written: connection, read: one.connection }] : []),
    ...several.flatMap((entry: unknown, index): Spot[] =>
      isMap(entry) ? [{ path: [...path, 'connections', index], written: entry, read: one.connections?.[index] }] : [],
    ),
  ]
}

const keysOfExpectation = (written: Written) => EXPECTATION_KEYS.filter((key) => Object.hasOwn(written, key))

/** `expect`, and with it `by` and `nextAt`, stands once in the case or in each of its connections. */
const checkExpectations = (file: YamlFile, path: Path, written: Written, spots: readonly Spot[]): void => {
  const missing = (at: Path, where: string) =>
    file.problem([...at, 'expect'], `"expect" is missing: write terminate or keep ${where}`)
  const inCase = keysOfExpectation(written)
  if (inCase.length > 0 && !inCase.includes('expect')) missing(path, `beside "${inCase[0]}"`)
  const inSpots = spots.flatMap((spot) => keysOfExpectation(spot.written).map((key) => ({ spot, key })))
  if (inCase.length > 0) {
    for (const { spot, key } of inSpots) {
      const message = `"${key}" beside a connection, and "${inCase[0]}" beside the case: expect something of the case or of each connection, not both`
      file.problem([...spot.path, key], message, { at: 'key' })
    }
  } else if (inSpots.length === 0) {
    missing(path, 'once for the case, or in each of its connections')
  } else {
    for (const spot of spots) if (!Object.hasOwn(spot.written, 'expect')) missing(spot.path, 'for this connection too')
  }
}

const checkIds = (file: YamlFile, spots: readonly Spot[]): void => {
  const first = new Set<string>()
  spots.forEach(({ path, read }, index) => {
    if (read === undefined) return
    const { id } = connectionOf(read, index)
    if (first.has(id)) {
      file.problem([...path, 'id'], `another connection of this case is called "${id}": give each an id of its own`)
    }
    first.add(id)
  })
}

/** What is known at an instant happened before it. */
const checkInstants = (file: YamlFile, path: Path, { at, cuts = [] }: WrittenCase, spots: readonly Spot[]): void => {
  const check = (what: string, happenedAt: Instant | undefined, place: Path) => {
    if (at === undefined || happenedAt === undefined || happenedAt <= at) return
    file.problem(
      place,
      `${what} at ${toText(happenedAt)} is later than the case, ${toText(at)}: correct one of the two`,
    )
  }
  cuts.forEach((cut, index) => check('a cut', cut.at, [...path, 'cuts', index, 'at']))
  for (const { path: spot, read } of spots) check('an activity', read?.lastActivity, [...spot, 'lastActivity'])
}

const checkPolicyNames = (
  file: YamlFile,
  path: Path,
  { by, cuts = [] }: WrittenCase,
  spots: readonly Spot[],
  known: ReadonlySet<string>,
): void => {
  const check = (name: string, place: Path) => {
    if (!known.has(name)) file.problem(place, `no policy of this test is called "${name}"`, { known })
  }
  const checkAll = (names: readonly string[] | undefined, at: Path) =>
    names?.forEach((name, index) => check(name, [...at, 'by', index]))
  checkAll(by, path)
  for (const { path: at, read } of spots) checkAll(read?.by, at)
  cuts.forEach(({ policy }, index) => check(policy, [...path, 'cuts', index, 'policy']))
}
