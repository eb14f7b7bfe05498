import { MOST_GROUPS, mayBeCut } from '../door/cut.ts'
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

/** A group that may have been cut is not known, and a list that may lack a group does not prove that it does. */
const hitsGroups = (groups: readonly string[]): DoorHits['idpGroups'] => {
  const whole = groups.filter((group) => !mayBeCut(group))
  const hitsEach = whole.map(hitsText)
  const isWhole = groups.length < MOST_GROUPS && whole.length === groups.length
  return (pattern) => hitsEach.some((hitsGroup) => hitsGroup(pattern)) || (isWhole ? false : 'unknown')
}

export const doorHitsOf = ({ idpGroups, platform, publicIp, clientVersion }: DoorFacts): DoorHits => ({
  idpGroups: idpGroups && hitsGroups(idpGroups),
  platform: platform === undefined ? undefined : hitsText(platform),
  publicIp: publicIp === undefined ? undefined : hitsAddress(publicIp),
  clientVersion: clientVersion === undefined ? undefined : hitsVersion(clientVersion),
})
