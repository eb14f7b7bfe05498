import type { DoorHits, DoorPatterns } from './door-pattern.ts'
import { ALWAYS, type AnyEntry, all, type Hit, hitAmong } from './hit.ts'

export type DoorKey = keyof DoorPatterns

export const DOOR_KEYS = ['idpGroups', 'platform', 'publicIp', 'clientVersion'] as const satisfies readonly DoorKey[]

interface DoorEntry<Of extends AnyEntry['pattern']> extends AnyEntry {
  readonly pattern: Of
}

/** The facts that a selector reads and that only the door knows: one match in every given list. */
export type DoorSelector = {
  readonly [Key in DoorKey]: readonly DoorEntry<DoorPatterns[Key]>[] | undefined
}

const hitsList = <Key extends DoorKey>(key: Key, selector: DoorSelector, door: DoorHits): Hit => {
  const entries: readonly DoorEntry<DoorPatterns[Key]>[] | undefined = selector[key]
  const hits = door[key]
  if (entries === undefined) return ALWAYS
  return hits === undefined ? 'unknown' : hitAmong(entries, ({ pattern }) => hits(pattern))
}

/** Whether the facts of the door match. It is `unknown` without facts, as everywhere but at the door. */
export const hitsDoor = (selector: DoorSelector, door: DoorHits | undefined): Hit =>
  door === undefined
    ? 'unknown'
    : DOOR_KEYS.reduce<Hit>((hit, key) => (hit === 'no' ? hit : all(hit, hitsList(key, selector, door))), ALWAYS)

/** The fact that is not known, and without which it is not known whether a selector matches. `door`: none of them is. */
export const lackOfDoor = (
  selector: DoorSelector | undefined,
  door: DoorHits | undefined,
): 'door' | DoorKey | undefined => {
  if (selector === undefined) return undefined
  return door === undefined ? 'door' : DOOR_KEYS.find((key) => hitsList(key, selector, door) === 'unknown')
}
