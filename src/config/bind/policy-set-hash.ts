import { createHash } from 'node:crypto'
import type { UserEntry } from '../../domain/names/user-list.ts'
import type { Policy } from '../../domain/policies/policy.ts'

/** Everything that decides: the policies in order, with the entries of their files; groups and calendars by name. */
export interface PolicySetContent {
  readonly policies: readonly unknown[]
  readonly groups: Readonly<Record<string, unknown>>
  readonly calendars: Readonly<Record<string, unknown>>
  readonly protect: unknown
}

/** The text that `policySetHash` is of: JSON without blanks, with the keys of each map in order. */
export const policySetText = (content: unknown): string => JSON.stringify(inOrder(content))

/** SHA-256 in hex. The order of keys has no effect. */
export const policySetHash = (content: PolicySetContent): string => hashOf(content)

type HashedPolicy = Omit<Policy, 'hash'>

/**
 * The part of `policyHash` that each field of a policy contributes; undefined for a field that is not part of it. A
 * policy with another hash is treated as just changed. A new field of `Policy` does not compile until it has an entry
 * here.
 */
const HASHED_PARTS = {
  // The state file keeps each hash under the policy's name.
  name: undefined,
  kind: ({ kind }) => kind.kind,
  rule: ({ kind, rule }) => kind.hashedRule?.(rule) ?? rule,
  // A change of mode is detected separately, by `acts`.
  mode: undefined,
  from: ({ from }) => from,
  until: ({ until }) => until,
  // The zone has given the instants their values.
  timeZone: undefined,
  match: ({ match }) => match,
  exempt: ({ exempt }) => exempt,
  // Words for people: they end no connection. The members of the group are in `match`.
  matchGroup: undefined,
  message: undefined,
  graceMs: ({ graceMs }) => graceMs,
  // It changes which people are warned, not which connections end.
  warn: undefined,
  // Undefined is left out of the text, so that the hashes of earlier versions stay.
  extend: ({ extend }) => extend,
  // `guard: off` releases what the guard holds by itself. It must not make the policy younger.
  guard: undefined,
  cooldownMs: ({ cooldownMs }) => cooldownMs,
  cooldownByCommonName: ({ cooldownByCommonName }) => cooldownByCommonName,
} satisfies Record<keyof HashedPolicy, ((policy: HashedPolicy) => unknown) | undefined>

/**
 * SHA-256 in hex over the fields of a bound policy that decide which connections it ends and when, and over `protect`.
 * `HASHED_PARTS` says which fields those are. State files keep these hashes: if the hash of an unedited policy changed
 * with an upgrade, the daemon would treat that policy as just changed.
 */
export const policyHash = (policy: HashedPolicy, protect: readonly UserEntry[]): string => {
  const parts = Object.entries(HASHED_PARTS).flatMap(([key, partOf]) => (partOf ? [[key, partOf(policy)]] : []))
  return hashOf({ ...Object.fromEntries(parts), protect })
}

export const hashOfText = (text: string): string => createHash('sha256').update(text).digest('hex')

const hashOf = (content: unknown): string => hashOfText(policySetText(content))

/**
 * The value with the keys of each map in order: the same object where they are. A long list of users is so, because
 * `UserEntry` and `Pattern` are written in this order: it is not copied, and `JSON.stringify` without a function is fast.
 */
const inOrder = (value: unknown): unknown => {
  if (typeof value !== 'object' || value === null) return value
  return Array.isArray(value) ? elementsInOrder(value) : keysInOrder(value as Readonly<Record<string, unknown>>)
}

const keysInOrder = (map: Readonly<Record<string, unknown>>): object => {
  let copy: Record<string, unknown> | undefined
  let before = ''
  for (const key of Object.keys(map)) {
    const [value, ordered] = [map[key], inOrder(map[key])]
    if (copy === undefined && (ordered !== value || key < before)) copy = { ...map }
    if (copy !== undefined) copy[key] = ordered
    before = key
  }
  return copy === undefined ? map : Object.fromEntries(Object.entries(copy).sort(([a], [b]) => (a < b ? -1 : 1)))
}

const elementsInOrder = (values: readonly unknown[]): readonly unknown[] => {
  let copy: unknown[] | undefined
  for (const [index, value] of values.entries()) {
    const ordered = inOrder(value)
    if (ordered !== value) copy ??= values.slice(0, index)
    copy?.push(ordered)
  }
  return copy ?? values
}
