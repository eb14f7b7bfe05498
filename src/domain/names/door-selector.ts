import ipaddr from 'ipaddr.js'
import type { DoorFacts } from '../door/door-facts.ts'
import { fold } from './fold.ts'
import { ALWAYS, type AnyEntry, all, type Hit, hitAmong } from './hit.ts'
import { hits, type Pattern } from './pattern.ts'

/** A pattern of texts, with * and ?. */
export type TextPattern = Omit<Pattern, 'field'>

/** An address, or all addresses of a network in CIDR notation. */
export interface AddressRange {
  /** As the operator wrote it. */
  readonly source: string
  /** Its first address, as the bytes of the address. */
  readonly network: readonly number[]
  /** How many of its leading bits an address of the network has. */
  readonly bits: number
}

/** A comparison of dotted numbers. */
export interface VersionComparison {
  /** As the operator wrote it. */
  readonly source: string
  readonly relation: '<' | '<=' | '>' | '>='
  readonly version: readonly number[]
}

interface DoorPatterns {
  readonly idpGroups: TextPattern
  readonly platform: TextPattern
  readonly publicIp: AddressRange
  readonly clientVersion: TextPattern | VersionComparison
}

export interface DoorEntry<Of> extends AnyEntry {
  readonly pattern: AnyEntry['pattern'] & Of
}

/** The facts that a selector reads and that only the door knows: one match in every given list. */
export type DoorSelector = {
  readonly [Key in keyof DoorFacts]: readonly DoorEntry<DoorPatterns[Key]>[] | undefined
}

/** The longest group, and the most groups of a person, that AWS passes on. What is as long may have been cut. */
const LONGEST_GROUP = 255
const MOST_GROUPS = 200

type Hits<Of> = (pattern: Of) => boolean | 'unknown'

/** For each list: whether a pattern matches the fact. The work that only depends on the fact is done once. */
const HITS: { readonly [Key in keyof DoorFacts]: (fact: NonNullable<DoorFacts[Key]>) => Hits<DoorPatterns[Key]> } = {
  idpGroups: (groups) => {
    const folded = groups.map(fold)
    const isWhole = groups.length < MOST_GROUPS && groups.every(({ length }) => length < LONGEST_GROUP)
    return (pattern) => folded.some((group) => hits(pattern, group)) || (isWhole ? false : 'unknown')
  },
  platform: (platform) => {
    const folded = fold(platform)
    return (pattern) => hits(pattern, folded)
  },
  publicIp: (text) => {
    const address = parseAddress(text)
    return (range) => (address === undefined ? 'unknown' : isWithin(address, range))
  },
  clientVersion: (text) => {
    const folded = fold(text)
    const version = parseVersion(folded)
    return (pattern) => {
      if (!('relation' in pattern)) return hits(pattern, folded)
      return version === undefined ? 'unknown' : satisfies(version, pattern)
    }
  },
}

export const DOOR_KEYS = Object.keys(HITS) as readonly (keyof DoorFacts)[]

const hitsList = <Key extends keyof DoorFacts>(key: Key, selector: DoorSelector, facts: DoorFacts): Hit => {
  const entries: readonly DoorEntry<DoorPatterns[Key]>[] | undefined = selector[key]
  const fact = facts[key]
  if (entries === undefined) return ALWAYS
  if (fact === undefined) return 'unknown'
  const hitsPattern = HITS[key](fact)
  return hitAmong(entries, ({ pattern }) => hitsPattern(pattern))
}

/** Whether the facts of the door match. It is `unknown` without facts, as everywhere but at the door. */
export const hitsDoor = (selector: DoorSelector, facts: DoorFacts | undefined): Hit =>
  facts === undefined
    ? 'unknown'
    : DOOR_KEYS.reduce<Hit>((hit, key) => (hit === 'no' ? hit : all(hit, hitsList(key, selector, facts))), ALWAYS)

/** The fact that is not known, and without which it is not known whether a selector matches. `door`: none of them is. */
export const lackOfDoor = (
  selector: DoorSelector | undefined,
  facts: DoorFacts | undefined,
): 'door' | keyof DoorFacts | undefined => {
  if (selector === undefined) return undefined
  if (facts === undefined) return 'door'
  return DOOR_KEYS.find((key) => hitsList(key, selector, facts) === 'unknown')
}

type Address = ReturnType<typeof ipaddr.parse>

/**
 * An address in its usual notation; undefined for any other. Octal numbers and shortened addresses are read differently
 * by different programs. An IPv4 address that is written as an IPv6 one is the IPv4 address.
 */
const parseAddress = (text: string): Address | undefined => {
  const isUsual = text.includes(':')
    ? ipaddr.IPv6.isValid(text) && !/%|^::\d+\./.test(text)
    : ipaddr.IPv4.isValidFourPartDecimal(text)
  return isUsual ? ipaddr.process(text) : undefined
}

const isWithin = (address: Address, { network, bits }: AddressRange): boolean => {
  const other = ipaddr.fromByteArray([...network])
  return address.kind() === other.kind() && address.match(other, bits)
}

const VERSION = /^\d{1,9}(?:\.\d{1,9})*$/

const parseVersion = (text: string): readonly number[] | undefined =>
  VERSION.test(text) ? text.split('.').map(Number) : undefined

/** A missing number is 0, so that 5.2 is 5.2.0. */
const compareVersions = (one: readonly number[], other: readonly number[]): number => {
  const length = Math.max(one.length, other.length)
  const at = Array.from({ length }, (_, index) => index).find((index) => (one[index] ?? 0) !== (other[index] ?? 0))
  return at === undefined ? 0 : (one[at] ?? 0) - (other[at] ?? 0)
}

const satisfies = (version: readonly number[], { relation, version: other }: VersionComparison): boolean => {
  const order = compareVersions(version, other)
  if (order === 0) return relation === '<=' || relation === '>='
  return relation.startsWith('<') === order < 0
}
