import { principalKeyOf } from '../connection.ts'
import { principalNamesOf } from '../names/user-list.ts'
import type { RecordedSession } from '../recording/recorded-session.ts'

type Names = Pick<RecordedSession, 'username' | 'commonName'>

/**
 * Finds the key of the principal of a session, in whichever spelling; undefined if it has none. Each spelling is folded
 * once.
 */
export const createPersonOf = (): ((names: Names) => string | undefined) => {
  const byUsername = new Map<string, string | undefined>()
  const byCommonName = new Map<string, string | undefined>()
  return ({ username, commonName }) => {
    const known = username === undefined ? byCommonName : byUsername
    const spelled = username ?? commonName
    if (spelled === undefined) return undefined
    const found = known.get(spelled)
    if (found !== undefined) return found
    const key = principalKeyOf(principalNamesOf({ username, commonName }))
    known.set(spelled, key)
    return key
  }
}
