import type { DoorFacts } from '../door/door-facts.ts'
import { type AddressRange, hitsAddress } from './address-range.ts'
import { hitsText, type TextPattern } from './text-pattern.ts'
import { hitsVersion, type VersionPattern } from './version-pattern.ts'

/** The patterns of each list under `door`. */
export interface DoorPatterns {
  readonly idpGroups: TextPattern
  readonly platform: TextPattern
  readonly publicIp: AddressRange
  readonly clientVersion: VersionPattern
}

/**
 * The facts of one request, each as the question whether a pattern matches it. Undefined: the request does not tell the
 * fact. What depends on the fact alone is done once for all policies.
 */
export type DoorHits = {
  readonly [Key in keyof DoorPatterns]: ((pattern: DoorPatterns[Key]) => boolean | 'unknown') | undefined
}

/** The longest group, and the most groups of a person, that AWS passes on. What is as long may have been cut. */
const LONGEST_GROUP = 255
const MOST_GROUPS = 200

const hitsGroups = (groups: readonly string[]): DoorHits['idpGroups'] => {
  const hitsEach = groups.map(hitsText)
  const isWhole = groups.length < MOST_GROUPS && groups.every(({ length }) => length < LONGEST_GROUP)
  return (pattern) => hitsEach.some((hitsGroup) => hitsGroup(pattern)) || (isWhole ? false : 'unknown')
}

export const doorHitsOf = ({ idpGroups, platform, publicIp, clientVersion }: DoorFacts): DoorHits => ({
  idpGroups: idpGroups && hitsGroups(idpGroups),
  platform: platform === undefined ? undefined : hitsText(platform),
  publicIp: publicIp === undefined ? undefined : hitsAddress(publicIp),
  clientVersion: clientVersion === undefined ? undefined : hitsVersion(clientVersion),
})
