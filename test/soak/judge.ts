import type { SimulatedRequest } from '../../src/simulator/exchange.ts'
import type { Simulator } from '../../src/simulator/server.ts'
import { followIntents, keyOf } from './intents.ts'
import { ENDPOINTS } from './population.ts'
import { isOverdue, type Moment, mayBeEnded, mustStay, nameOf } from './verdicts.ts'

const MOST_WRONG = 50

/** Sees each call as it arrives, and whoever is still connected. */
export const createJudge = (simulator: () => Pick<Simulator, 'world'>, auditFile: string) => {
  const intents = followIntents(auditFile)
  const bannedUntil = new Map<string, number>()
  const calledAt = new Map<string, number>()
  const callsOf = new Map<string, number>()
  const wrong: string[] = []
  let calls = 0
  let callsByUserName = 0

  const complain = (text: string) => {
    if (wrong.length < MOST_WRONG) wrong.push(`${new Date().toISOString()} ${text}`)
  }

  const momentOf = (endpointId: string, at: number): Moment => ({
    at,
    rows: simulator().world.connections(endpointId),
    bannedWithin: (name, withinMs) => (bannedUntil.get(name) ?? 0) >= at - withinMs,
    calledAt: (name) => calledAt.get(`${endpointId} ${name}`),
  })

  return {
    wrong: wrong as readonly string[],
    counts: () => ({ calls, callsByUserName }),

    called({ params, at }: SimulatedRequest) {
      const { ClientVpnEndpointId: endpointId = '', ConnectionId: connectionId, Username: username } = params
      const asked = { endpointId, connectionId, username }
      const key = keyOf(asked)
      const count = (callsOf.get(key) ?? 0) + 1
      callsOf.set(key, count)
      calls++
      if (username !== undefined) callsByUserName++
      if (intents.count(asked) < count) complain(`call ${count} for ${key} has no intent on disk`)

      const moment = momentOf(endpointId, at)
      for (const row of moment.rows) {
        if (username === undefined ? row.connectionId !== connectionId : row.username !== username) continue
        if (row.status === 'terminated' || row.status === 'terminating') continue
        const name = nameOf(row)
        if (mustStay(name)) complain(`a call ends ${name} (${row.connectionId}), who may always stay`)
        else if (!mayBeEnded(row, moment)) complain(`a call ends ${name} (${row.connectionId}), who may stay for now`)
        calledAt.set(`${endpointId} ${name}`, at)
      }
    },

    /** From now on the list of bans has these names. */
    banned(names: readonly string[], now: number) {
      for (const [name, until] of bannedUntil) if (until === Number.POSITIVE_INFINITY) bannedUntil.set(name, now)
      for (const name of names) bannedUntil.set(name, Number.POSITIVE_INFINITY)
    },

    /** Who ought to have been gone for so long. */
    overdue: (now: number, overdueMs: number): readonly string[] =>
      ENDPOINTS.flatMap(({ id }) => {
        const moment = momentOf(id, now)
        return moment.rows
          .filter((row) => isOverdue(row, moment, overdueMs))
          .map((row) => `${nameOf(row)} ${row.connectionId} ${row.status}`)
      }),
  }
}
