import { closeSync, fstatSync, openSync, readSync } from 'node:fs'

interface Line {
  readonly event: string
  readonly endpointId?: string
  readonly connectionId?: string
  readonly username?: string
  readonly call?: { readonly id: string; readonly selector: string }
}

/** Whom a call asks to end: a user by name, or else one connection. */
export interface Asked {
  readonly endpointId: string | undefined
  readonly connectionId: string | undefined
  readonly username: string | undefined
}

export const keyOf = ({ endpointId, connectionId, username }: Asked): string =>
  `${endpointId} ${username === undefined ? connectionId : `user ${username}`}`

/** The intents that are in the audit file now, asked while a call is being received: what is written later proves nothing. */
export const followIntents = (file: string) => {
  const counts = new Map<string, Set<string>>()
  let offset = 0

  const note = ({ event, endpointId, connectionId, username, call }: Line) => {
    if (event !== 'intent' || call === undefined) return
    const key = keyOf({ endpointId, connectionId, username: call.selector === 'username' ? username : undefined })
    const calls = counts.get(key) ?? new Set()
    counts.set(key, calls.add(call.id))
  }

  /** From the last whole line on: a torn one is cut off at the next start, and another stands in its place. */
  const readOn = () => {
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
    for (const line of bytes.subarray(0, whole).toString().split('\n')) if (line !== '') note(JSON.parse(line) as Line)
  }

  return {
    /** How many calls have a record for this connection or, by name, for this user. */
    count(asked: Asked): number {
      readOn()
      return counts.get(keyOf(asked))?.size ?? 0
    },
  }
}
