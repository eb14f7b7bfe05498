import { createHash } from 'node:crypto'
import type { UserEntry } from '../../domain/names/user-list.ts'
import type { Policy } from '../../domain/policies/policy.ts'

/** What decides: policies in order, with the entries of the files that they name; groups and calendars by name. */
export interface PolicySetContent {
  readonly policies: readonly unknown[]
  readonly groups: Readonly<Record<string, unknown>>
  readonly calendars: Readonly<Record<string, unknown>>
  readonly protect: unknown
}

/** SHA-256 in hex; the order of keys does not count. */
export const policySetHash = (content: PolicySetContent): string =>
  createHash('sha256').update(JSON.stringify(content, sortedKeys)).digest('hex')

const sortedKeys = (_key: string, value: unknown): unknown =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
    ? Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)))
    : value

/** Over all that has a meaning in one policy once it is bound, and over `protect`; its mode and its guard are not in it. */
export const policyHash = (policy: Omit<Policy, 'hash'>, protect: readonly UserEntry[]): string => {
  const { kind, rule, match, exempt, graceMs, cooldownMs, cooldownByCommonName } = policy
  const content = { kind: kind.kind, rule, match, exempt, graceMs, cooldownMs, cooldownByCommonName, protect }
  return createHash('sha256').update(JSON.stringify(content, sortedKeys)).digest('hex')
}
