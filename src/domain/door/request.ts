import { type Connection, nameOrNone } from '../connection.ts'
import { MOST_BYTES } from './answer-text.ts'
import { MOST_GROUPS, mayBeCut } from './cut.ts'
import type { DoorFacts } from './door-facts.ts'

/** The versions of AWS's schema whose answers Curfew knows. */
export const SCHEMA_VERSIONS = ['v1', 'v2', 'v3'] as const
export type SchemaVersion = (typeof SCHEMA_VERSIONS)[number]

/** What AWS asks the client connect handler: who wants to connect, and to which endpoint. */
export interface DoorRequest {
  /** The version of the answer: that of the request, or the newest known one for a later version. */
  readonly answerIn: SchemaVersion
  readonly connectionId: string | undefined
  /** Undefined: the request does not tell it. */
  readonly endpointId: string | undefined
  readonly names: Pick<Connection, 'username' | 'commonName'>
  readonly facts: DoorFacts
  /** The fields that AWS may have cut, or that are not what its page says. Only the groups of a cut list count as known. */
  readonly doubts: readonly string[]
}

/** A value of a request: known, absent, or in doubt. */
type Read<Value> = Value | 'absent' | 'doubtful'
interface Text {
  readonly text: string
}
interface List {
  readonly list: readonly string[]
  /** Whether AWS may have cut the list, or one of its texts. */
  readonly mayBeCut: boolean
}

/**
 * Reads a request of any version. It never throws, whatever comes, and its work does not grow with the request. The page of
 * AWS: https://docs.aws.amazon.com/vpn/latest/clientvpn-admin/connection-authorization.html
 */
export const requestOf = (event: unknown): DoorRequest => {
  const doubts: string[] = []
  const known = <Value extends object>(field: string, value: Read<Value>): Value | undefined => {
    if (value === 'doubtful') doubts.push(field)
    return typeof value === 'string' ? undefined : value
  }
  const textOf = (field: string): string | undefined => known(field, readText(valueOf(event, field)))?.text
  const [username, commonName] = [textOf('username'), textOf('common-name')]
  // With one name in doubt nobody knows whether an exemption names the person. Then neither name is known.
  const names = doubts.length > 0 ? [] : [username, commonName]
  const groups = known('groups', readGroups(valueOf(event, 'groups')))
  if (groups?.mayBeCut === true) doubts.push('groups')
  return {
    answerIn: versionOf(valueOf(event, 'schema-version')),
    connectionId: textOf('connection-id'),
    endpointId: textOf('endpoint-id'),
    names: { username: names[0], commonName: names[1] },
    facts: {
      idpGroups: groups?.list,
      platform: textOf('platform'),
      publicIp: textOf('public-ip'),
      clientVersion: textOf('aws-client-version'),
    },
    doubts,
  }
}

/** A getter of the request that throws. No JSON has one. */
const UNREADABLE = Symbol('unreadable')

/** A field of the request itself, not of its prototype. */
const valueOf = (event: unknown, field: string | number): unknown => {
  if (typeof event !== 'object' || event === null) return undefined
  try {
    return Object.hasOwn(event, field) ? (event as Record<string | number, unknown>)[field] : undefined
  } catch {
    return UNREADABLE
  }
}

/**
 * The page names v3 as the default, so that a request without a version is answered in v3. Later versions are answered in
 * v3 as well, because nobody knows their fields.
 */
const versionOf = (written: unknown): SchemaVersion => SCHEMA_VERSIONS.find((version) => version === written) ?? 'v3'

const readText = (value: unknown): Read<Text> => {
  if (value === undefined || value === null) return 'absent'
  if (typeof value !== 'string' || mayBeCut(value)) return 'doubtful'
  return nameOrNone(value) === undefined ? 'absent' : { text: value }
}

/** Letters, digits and signs that separate nothing. */
const ONE_GROUP = /^[\p{L}\p{M}\p{N}_.@-]+$/u

/**
 * The groups. The page says that they are a list, or an empty field where the person has none, and shows a text, without
 * its form. A text with any other sign than those of one group may be several.
 */
const readGroups = (value: unknown): Read<List> => {
  if (value === undefined || value === null) return 'absent'
  if (value === '') return { list: [], mayBeCut: false }
  if (typeof value === 'string') return readGroupText(value)
  const length = isArray(value) ? valueOf(value, 'length') : undefined
  if (typeof length !== 'number') return 'doubtful'
  const groups: string[] = []
  for (let index = 0; index < Math.min(length, MOST_GROUPS); index++) {
    const group = valueOf(value, index)
    if (typeof group !== 'string' || (!mayBeCut(group) && nameOrNone(group) === undefined)) return 'doubtful'
    groups.push(group)
  }
  return listOf(groups, length)
}

/** A text of which a part is cut off may have been several groups. */
const readGroupText = (text: string): Read<List> => {
  if (mayBeCut(text)) return 'doubtful'
  if (nameOrNone(text) === undefined) return 'absent'
  return ONE_GROUP.test(text) ? listOf([text], 1) : 'doubtful'
}

const listOf = (groups: readonly string[], length: number): List => ({
  list: groups.map((group) => group.slice(0, MOST_BYTES)),
  mayBeCut: length >= MOST_GROUPS || groups.some(mayBeCut),
})

/** `Array.isArray` throws for a proxy that was revoked. */
const isArray = (value: unknown): boolean => {
  try {
    return Array.isArray(value)
  } catch {
    return false
  }
}
