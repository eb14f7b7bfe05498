import type { State } from '../../app/state.ts'
import { mayBeSealed, seal, unseal } from './seal.ts'
import { readState } from './state-schema.ts'
import { fromVersion3 } from './state-version-3.ts'

/** What bytes are that should be a state. `why` says why they are of no use. */
export type FoundState =
  | { readonly kind: 'state'; readonly state: State }
  /** They were a state, or may have been one. */
  | { readonly kind: 'damaged'; readonly why: string }
  /** They are something else, or cannot be read. */
  | { readonly kind: 'unknown'; readonly why: string }

const UNKNOWN_FORMAT = 'this version does not know its format'

/** A state as bytes that show every later change. */
export const stateToBytes = (state: State): Buffer => seal(Buffer.from(JSON.stringify(state)))

export const stateOfBytes = (bytes: Buffer): FoundState => {
  const sealed = unseal(bytes)
  if (sealed === 'broken')
    return { kind: 'damaged', why: 'its checksum does not match: it was changed after it was written' }
  const read = parsed(sealed?.content ?? bytes)
  if (sealed === undefined || read === undefined) {
    const kind = mayBeSealed(bytes) ? 'damaged' : 'unknown'
    if (read === undefined) return { kind, why: bytes.length === 0 ? 'it is empty' : 'it is not JSON' }
    return { kind, why: kind === 'damaged' ? UNKNOWN_FORMAT : 'it is not a state that Curfew wrote' }
  }
  const state = readState(read.json)
  if (state === undefined) return { kind: 'damaged', why: UNKNOWN_FORMAT }
  return { kind: 'state', state: sealed.version === 3 ? fromVersion3(state) : state }
}

const parsed = (bytes: Buffer): { readonly json: unknown } | undefined => {
  try {
    return { json: JSON.parse(bytes.toString()) }
  } catch {
    return undefined
  }
}
