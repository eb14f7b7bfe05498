import { endpointKey } from '../../app/site.ts'
import type { State } from '../../app/state.ts'
import { principalKeyOf } from '../../domain/connection.ts'
import type { KeptMemory } from '../../domain/judge/memory.ts'
import { principalNamesOf } from '../../domain/names/user-list.ts'

type Cooldowns = KeptMemory['terminated']

/**
 * A state of version 3 in the form of today. Its keys of endpoints were `REGION URL ROLE EXTERNAL-ID ENDPOINT`, and its
 * cooldowns had user names without a prefix, and names in which only case was folded. The guard begins anew, as at a first start.
 */
export const fromVersion3 = ({ policies, endpoints }: State): State => {
  const found = new Map<string, KeptMemory>()
  for (const [key, memory] of Object.entries(endpoints)) {
    const words = key.split(' ')
    const newKey = endpointKey(words.at(0) ?? '', words.at(-1) ?? '')
    const renamed = { ...memory, terminated: withPrefixes(memory.terminated) }
    const before = found.get(newKey)
    found.set(newKey, before === undefined ? renamed : together(before, renamed))
  }
  return { policies, policySets: {}, policySetHash: undefined, endpoints: Object.fromEntries(found) }
}

const withPrefixes = (cooldowns: Cooldowns): Cooldowns =>
  mapValues(cooldowns, (ofPolicy) =>
    Object.fromEntries(Object.entries(ofPolicy).map(([key, at]) => [keyOfToday(key), at])),
  )

const keyOfToday = (key: string): string => {
  const [username, commonName] = key.startsWith('cn:') ? [undefined, key.slice('cn:'.length)] : [key, undefined]
  return principalKeyOf(principalNamesOf({ username, commonName })) ?? key
}

/** An endpoint that was reached in two ways had two memories. The later one counts; no termination is forgotten. */
const together = (before: KeptMemory, after: KeptMemory): KeptMemory => {
  const ids = new Set(after.terminations.map(({ violation }) => violation.connectionId))
  return {
    ...after,
    terminated: {
      ...before.terminated,
      ...mapValues(after.terminated, (ofPolicy, policy) => ({ ...before.terminated[policy], ...ofPolicy })),
    },
    terminations: [
      ...before.terminations.filter(({ violation }) => !ids.has(violation.connectionId)),
      ...after.terminations,
    ],
  }
}

const mapValues = <Value>(
  record: Readonly<Record<string, Value>>,
  change: (value: Value, key: string) => Value,
): Readonly<Record<string, Value>> =>
  Object.fromEntries(Object.entries(record).map(([key, value]) => [key, change(value, key)]))
