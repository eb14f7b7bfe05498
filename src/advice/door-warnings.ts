import { isPrivate } from '../domain/names/address-range.ts'
import { DOOR_KEYS } from '../domain/names/door-selector.ts'
import type { Policy, Warning } from '../domain/policies/policy.ts'

const KEYS = ['match', 'exempt'] as const

/** Joins words as "one, two and three". Made when there are such words: the first `Intl` loads the data of the locale. */
const joined = (words: readonly string[]): string => new Intl.ListFormat('en-GB').format(words)

/**
 * The people that the daemon keeps under the policy. `match` is then never known, and `exempt` only where another of its
 * lists has no match.
 */
const keptUnder = ({ match, exempt }: Policy): string => {
  if (match?.door !== undefined) return 'nobody under this policy'
  const others = (['users', 'endpoints', 'regions'] as const).filter((list) => exempt?.[list] !== undefined)
  return others.length === 0
    ? 'nobody under this policy, because anybody may be exempt'
    : `nobody under this policy whom ${others.map((list) => `"${list}"`).join(' and ')} of "exempt" select`
}

/** A note about a policy that reads facts of the door, which the daemon never knows. A warning if nobody judges it. */
const unknownToDaemon = (policy: Policy): readonly Warning[] => {
  const { kind, match, exempt } = policy
  if (match?.door === undefined && exempt?.door === undefined) return []
  const path = [match?.door === undefined ? 'exempt' : 'match', 'door']
  const facts = DOOR_KEYS.filter((key) => [match, exempt].some((one) => one?.door?.[key] !== undefined))
  const only = `only the connect handler knows ${joined(facts)}, so the daemon ends ${keptUnder(policy)}`
  const advice =
    kind.atTheDoor === undefined
      ? `remove "door", because the handler does not judge ${kind.kind}`
      : 'build the handler with it, and write a policy without "door" for those whom the daemon must end'
  return [{ path, message: `${only}: ${advice}`, isNote: kind.atTheDoor !== undefined }]
}

/** Addresses that no client connects from, since AWS tells the handler where it sees the client. */
const privateAddresses = (policy: Policy): readonly Warning[] =>
  KEYS.flatMap((key) =>
    (policy[key]?.door?.publicIp ?? []).flatMap(({ pattern }, index): readonly Warning[] => {
      if (!isPrivate(pattern)) return []
      const message = `"${pattern.source}" is private, and AWS tells the handler the public address of a client: write the address with which it reaches the internet`
      return [{ path: [key, 'door', 'publicIp', index], message }]
    }),
  )

/**
 * What people call a platform, and what clients report: the values of IV_PLAT that the manual of OpenVPN lists under
 * --push-peer-info. https://openvpn.net/community-resources/reference-manual-for-openvpn-2-6/
 */
const PLATFORMS = [
  { called: /^windows/i, reported: 'win' },
  { called: /^(?:mac ?os|os ?x|darwin)/i, reported: 'mac' },
] as const

/** Notes about platforms in other words than clients use. */
const unreportedPlatforms = (policy: Policy): readonly Warning[] =>
  KEYS.flatMap((key) =>
    (policy[key]?.door?.platform ?? []).flatMap(({ pattern: { source } }, index): readonly Warning[] => {
      const found = PLATFORMS.find(({ called }) => called.test(source))
      if (found === undefined) return []
      const message = `clients based on OpenVPN report the platform "${found.reported}", which "${source}" does not match: write "${found.reported}"`
      return [{ path: [key, 'door', 'platform', index], message, isNote: true }]
    }),
  )

/** Notes about versions that stand for themselves alone, as no client reports them. */
const incompleteVersions = (policy: Policy): readonly Warning[] =>
  KEYS.flatMap((key) =>
    (policy[key]?.door?.clientVersion ?? []).flatMap(({ pattern: { source } }, index): readonly Warning[] => {
      const [, sign, version, more] = /^(v?)(\d+(?:\.\d+)?)((?:\.[\d.*?]+)?)$/i.exec(source) ?? []
      if (version === undefined || (sign === '' && more !== '')) return []
      const meant = more === '' ? `${version}.*` : `${version}${more}`
      const message = `"${source}" is compared with the whole version, such as 5.2.1: write "${meant}"`
      return [{ path: [key, 'door', 'clientVersion', index], message, isNote: true }]
    }),
  )

/** Warnings about what a policy asks of the facts that only the door knows. */
export const doorWarnings = (policy: Policy): readonly Warning[] => [
  ...unknownToDaemon(policy),
  ...privateAddresses(policy),
  ...unreportedPlatforms(policy),
  ...incompleteVersions(policy),
]
