import { closeSync, fstatSync, openSync, readSync } from 'node:fs'

interface Line {
  readonly event: string
  readonly endpointId?: string
  readonly connectionId?: string
  readonly username?: string
  readonly call?: { readonly id: string; readonly selector: string }
}

/** The target of a call: all connections of a user name, otherwise one connection. */
export interface Target {
  readonly endpointId: string | undefined
  readonly connectionId: string | undefined
  readonly username: string | undefined
}

export const keyOf = ({ endpointId, connectionId, username }: Target): string =>
  `${endpointId} ${username === undefined ? connectionId : `user ${username}`}`

/**
 * Reads the intents in the audit file. Ask for them while a call is being received: an intent that is written later does
 * not prove that it was on disk before the call.
 */
export const followIntents = (file: string) => {
  const counts = new Map<string, Set<string>>()
  let offset = 0

  const addIntent = ({ event, endpointId, connectionId, username, call }: Line) => {
    if (event !== 'intent' || call === undefined) return
    const key = keyOf({ endpointId, connectionId, username: call.selector === 'username' ? username : undefined })
    const calls = counts.get(key) ?? new Set()
    counts.set(key, calls.add(call.id))
  }

  /** Reads from the last complete line on. The next start removes an incomplete line and writes another in its place. */
  const readNewLines = () => {
    let descriptor: number
    try {
      descriptor = openSync(file, 'r')
    } catch {
      return
    }
    const bytes = Buffer.alloc(Math.max(0, fstatSync(descriptor).size - offset))
    const read = readSync(descriptor, bytes, 0, bytes.length, offset)
    closeSync(descriptor)
    const whole = bytes.subarray(0, read).lastIndexOf(0x0a) + 1
    offset += whole
    for (const line of bytes.subarray(0, whole).toString().split('\n'))
      if (line !== '') addIntent(JSON.parse(line) as Line)
  }

  return {
    /** The number of calls with an intent for this target. */
    count(target: Target): number {
      readNewLines()
      return counts.get(keyOf(target))?.size ?? 0
    },
  }
}
