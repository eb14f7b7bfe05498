import { groupNameOf } from '../config/bind/vocabulary.ts'
import { nearest, suggestion } from '../config/yaml/nearest.ts'
import type { Connection } from '../domain/connection.ts'
import { type EndpointPattern, hitsEndpoint, parseEndpointPattern } from '../domain/names/endpoint-pattern.ts'
import { parsePattern } from '../domain/names/pattern.ts'
import { quotedName } from '../domain/names/shown-name.ts'
import { createUserList, principalNamesOf } from '../domain/names/user-list.ts'
import { countsOverAll, type Policy } from '../domain/policies/policy.ts'
import { firstNames } from '../domain/shortened.ts'
import { type Given, type Option, stringOf, stringsOf, UsageError } from './command.ts'
import { UNLISTED_ID } from './compose-aws.ts'
import { namesLike } from './live-connections.ts'
import type { SeenEndpoint } from './summary.ts'

export const FILTER_OPTIONS = {
  user: {
    value: 'PATTERN',
    multiple: true,
    summary: 'only connections of these users, named as in policies: a name, "*@corp.example", user:NAME or cn:NAME',
  },
  endpoint: { value: 'ENDPOINT', multiple: true, summary: 'only endpoints with this id or name, or such a pattern' },
  policy: { value: 'NAME', summary: 'only connections whose next deadline comes from this policy' },
} as const satisfies Readonly<Record<string, Option>>

/** Which connections a command shows. Every endpoint is read all the same: a policy may count over all of them. */
export interface ConnectionFilter {
  /** Undefined: of all users. */
  readonly isUser: ((connection: Connection) => boolean) | undefined
  readonly users: readonly string[]
  /** Empty: all endpoints. */
  readonly endpoints: readonly EndpointPattern[]
  /** Undefined: of all policies, and connections without a deadline. */
  readonly policy: string | undefined
  /** Whether a policy counts over all endpoints: then the deadlines of each depend on the others. */
  readonly dependsOnAll: boolean
}

export const readUsers = (patterns: readonly string[]) => {
  if (patterns.length === 0) return undefined
  const entries = patterns.map((source) => {
    if (groupNameOf(source) !== undefined) {
      throw new UsageError(
        `--user: expected names or patterns, found the group "${source}": give those of the group; user:${source} is a user name`,
      )
    }
    const parsed = parsePattern(source)
    if ('problem' in parsed) throw new UsageError(`--user: ${parsed.problem}`)
    return { pattern: parsed.pattern, from: undefined, until: undefined, reason: undefined }
  })
  const list = createUserList(entries, 'either')
  return (connection: Connection) => list.find(principalNamesOf(connection)).length > 0
}

export const readEndpoint = (source: string): EndpointPattern => {
  const parsed = parseEndpointPattern(source)
  if ('problem' in parsed) throw new UsageError(`--endpoint: ${parsed.problem}`)
  if (parsed.pattern.field === 'tag')
    throw new UsageError(`--endpoint: expected an id or a name, found the tag "${source}"`)
  return parsed.pattern
}

export const readFilter = (values: Given['values'], policies: readonly Policy[]): ConnectionFilter => {
  const policy = stringOf(values.policy)
  const names = policies.map(({ name }) => name)
  if (policy !== undefined && !names.includes(policy)) {
    throw new UsageError(`--policy: no policy has the name "${policy}"${suggestion(policy, names)}`)
  }
  const users = stringsOf(values.user)
  const endpoints = stringsOf(values.endpoint).map(readEndpoint)
  return { isUser: readUsers(users), users, endpoints, policy, dependsOnAll: policies.some(countsOverAll) }
}

/** Whether it stands for endpoints that AWS could not list. Any of them may be the one that is asked for. */
const isUnlisted = ({ endpoint: { id } }: SeenEndpoint) => id === UNLISTED_ID

/**
 * The endpoints that are asked for, and those that could not be read and on which the deadlines of the former depend. Throws a usage error if a pattern matches none of those that AWS lists.
 */
export const endpointsAsked = (
  endpoints: readonly SeenEndpoint[],
  { endpoints: patterns, dependsOnAll }: ConnectionFilter,
): readonly SeenEndpoint[] => {
  if (patterns.length === 0) return endpoints
  const unlisted = endpoints.filter(isUnlisted)
  const listed = endpoints.filter((one) => !isUnlisted(one))
  const isHit = (pattern: EndpointPattern, { endpoint: { id, name, region } }: SeenEndpoint) =>
    hitsEndpoint(pattern, { endpointId: id, region, name }) === true
  const unmatched = patterns.filter((pattern) => !listed.some((one) => isHit(pattern, one)))
  const [first] = unmatched
  if (first !== undefined && unlisted.length === 0) {
    const names = listed.flatMap(({ endpoint: { id, name } }) => [name, id])
    const near = nearest(first.source, names)
    const hint =
      near === undefined ? `; watched: ${firstNames([...new Set(names)]).join(', ')}` : `; did you mean "${near}"?`
    throw new UsageError(`--endpoint: no watched endpoint has the name or id "${first.source}"${hint}`)
  }
  return endpoints.filter((one) => {
    if (dependsOnAll && 'failure' in one) return true
    return isUnlisted(one) ? unmatched.length > 0 : patterns.some((pattern) => isHit(pattern, one))
  })
}

/** Lines that say that the filter matches no connection, and what resembles it. */
export const nobodyLines = (
  { users, policy }: ConnectionFilter,
  endpoints: readonly SeenEndpoint[],
): readonly string[] => {
  const of = users.length === 0 ? '' : ` of ${users.map(quotedName).join(' or ')}`
  const by = policy === undefined ? '' : ` with a deadline from the policy "${policy}"`
  const on = endpoints.some((one) => 'failure' in one) ? ' on the endpoints that could be read' : ''
  const like = [...new Set(users.flatMap((user) => namesLike(user, endpoints)))].map(quotedName)
  return [
    `no active connection${of}${by}${on}`,
    ...(like.length === 0 ? [] : [`connected users with a name like it: ${firstNames(like).join(', ')}`]),
  ]
}
