import type { SimulatedRequest } from '../../src/simulator/exchange.ts'
import type { Simulator } from '../../src/simulator/server.ts'
import { followIntents, keyOf } from './intents.ts'
import { ENDPOINTS } from './population.ts'
import { isOverdue, type Moment, mayBeEnded, mustStay, nameOf } from './verdicts.ts'

const MOST_MISTAKES = 50

/** Checks each call when it arrives, and finds connections that should have ended. */
export const createJudge = (simulator: () => Pick<Simulator, 'world'>, auditFile: string) => {
  const intents = followIntents(auditFile)
  const bannedUntil = new Map<string, number>()
  const calledAt = new Map<string, number>()
  const callsOf = new Map<string, number>()
  const mistakes: string[] = []
  let calls = 0
  let callsByUserName = 0

  const addMistake = (text: string) => {
    if (mistakes.length < MOST_MISTAKES) mistakes.push(`${new Date().toISOString()} ${text}`)
  }

  const momentOf = (endpointId: string, at: number): Moment => ({
    at,
    rows: simulator().world.connections(endpointId),
    bannedWithin: (name, withinMs) => (bannedUntil.get(name) ?? 0) >= at - withinMs,
    calledAt: (name) => calledAt.get(`${endpointId} ${name}`),
  })

  return {
    mistakes: mistakes as readonly string[],
    counts: () => ({ calls, callsByUserName }),

    called({ params, at }: SimulatedRequest) {
      const { ClientVpnEndpointId: endpointId = '', ConnectionId: connectionId, Username: username } = params
      const target = { endpointId, connectionId, username }
      const key = keyOf(target)
      const count = (callsOf.get(key) ?? 0) + 1
      callsOf.set(key, count)
      calls++
      if (username !== undefined) callsByUserName++
      if (intents.count(target) < count) addMistake(`call ${count} for ${key} has no intent on disk`)

      const moment = momentOf(endpointId, at)
      for (const row of moment.rows) {
        if (username === undefined ? row.connectionId !== connectionId : row.username !== username) continue
        if (row.status === 'terminated' || row.status === 'terminating') continue
        const name = nameOf(row)
        const subject = `a call ends ${name} (${row.connectionId})`
        if (mustStay(name)) addMistake(`${subject}, which violates no policy`)
        else if (!mayBeEnded(row, moment)) addMistake(`${subject}, which violates no policy yet`)
        calledAt.set(`${endpointId} ${name}`, at)
      }
    },

    /** Replaces the names that may be banned. A name that is no longer listed was banned until now. */
    banned(names: readonly string[], now: number) {
      for (const [name, until] of bannedUntil) if (until === Number.POSITIVE_INFINITY) bannedUntil.set(name, now)
      for (const name of names) bannedUntil.set(name, Number.POSITIVE_INFINITY)
    },

    /** The connections that should have ended at least `overdueMs` ago. */
    overdue: (now: number, overdueMs: number): readonly string[] =>
      ENDPOINTS.flatMap(({ id }) => {
        const moment = momentOf(id, now)
        return moment.rows
          .filter((row) => isOverdue(row, moment, overdueMs))
          .map((row) => `${nameOf(row)} ${row.connectionId} ${row.status}`)
      }),
  }
}
