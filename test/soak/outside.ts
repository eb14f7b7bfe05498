import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { defineScenario } from '../../src/simulator/scenario-file.ts'
import { type SimulatedRequest, startSimulator } from '../../src/simulator/server.ts'
import { followIntents } from './intents.ts'
import { misbehaviour } from './misbehaviour.ts'
import { ENDPOINTS, scenarioOf } from './population.ts'
import { isOverdue, type Moment, mayBeEnded, mustStay, nameOf } from './verdicts.ts'

// All that is outside of the daemon, in a process of its own: AWS, a slow receiver of notifications, and the judge who
// sees each call as it arrives.

export type Order =
  | { readonly order: 'faults'; readonly on: boolean }
  | { readonly order: 'banned'; readonly names: readonly string[] }
  | { readonly order: 'overdue'; readonly overdueMs: number }
  | { readonly order: 'summary' }

export interface Summary {
  readonly requests: number
  readonly calls: number
  readonly callsByUserName: number
  readonly faults: Readonly<Record<string, number>>
  readonly notifications: number
  readonly connected: number
  readonly everConnected: number
  readonly wrong: readonly string[]
}

const [clients = '800', seed = '1', auditFile = ''] = process.argv.slice(2)

const intents = followIntents(auditFile)
const banned = new Map<string, { readonly until: number }>()
const calledAt = new Map<string, number>()
const callsOf = new Map<string, number>()
const faults: Record<string, number> = {}
const seen = new Set<string>()
const wrong: string[] = []
let requests = 0
let calls = 0
let callsByUserName = 0
let notifications = 0

const complain = (text: string) => {
  if (wrong.length < 50) wrong.push(`${new Date().toISOString()} ${text}`)
}

const momentOf = (endpointId: string, at: number): Moment => ({
  at,
  rows: simulator.world.connections(endpointId),
  bannedWithin: (name, withinMs) => (banned.get(name)?.until ?? 0) >= at - withinMs,
  calledAt: (name) => calledAt.get(`${endpointId} ${name}`),
})

const judge = ({ params, at }: SimulatedRequest) => {
  const { ClientVpnEndpointId: endpointId = '', ConnectionId: connectionId, Username: username } = params
  calls++
  if (username !== undefined) callsByUserName++
  const who = username === undefined ? `connection ${connectionId}` : `user ${username}`
  const before = callsOf.get(`${endpointId} ${who}`) ?? 0
  callsOf.set(`${endpointId} ${who}`, before + 1)
  if (intents.count({ connectionId, username }) <= before) complain(`a call for ${who} has no intent on disk`)

  const moment = momentOf(endpointId, at)
  for (const row of moment.rows) {
    if (username === undefined ? row.connectionId !== connectionId : row.username !== username) continue
    if (row.status === 'terminated' || row.status === 'terminating') continue
    const name = nameOf(row)
    if (!mayBeEnded(row, moment)) complain(`a call names ${name} (${row.connectionId}), who may stay`)
    if (mustStay(name)) complain(`${name} is of those who may always stay`)
    calledAt.set(`${endpointId} ${name}`, at)
  }
}

const simulator = await startSimulator({
  scenario: defineScenario(scenarioOf(Number(clients), Number(seed))),
  intercept: (request) => {
    requests++
    if (request.action === 'TerminateClientVpnConnections' && request.params.DryRun !== 'true') judge(request)
    return undefined
  },
})
simulator.onRequest(({ fault }) => {
  if (fault !== undefined) faults[fault] = (faults[fault] ?? 0) + 1
})

/** Slow, and every seventh time it fails. */
const hook = createServer((request, response) => {
  request.resume()
  notifications++
  response.statusCode = notifications % 7 === 0 ? 503 : 204
  setTimeout(() => response.end(), 500 + (notifications % 5) * 700)
})
await new Promise<void>((resolve) => hook.listen(0, '127.0.0.1', resolve))

const overdue = (overdueMs: number): string[] =>
  ENDPOINTS.flatMap(({ id }) => {
    const moment = momentOf(id, Date.now())
    return moment.rows
      .filter((row) => isOverdue(row, moment, overdueMs))
      .map((row) => `${nameOf(row)} ${row.connectionId} ${row.status}`)
  })

const summary = (): Summary => {
  let connected = 0
  for (const { id } of ENDPOINTS)
    for (const { connectionId, status } of simulator.world.connections(id)) {
      seen.add(connectionId)
      if (status === 'active') connected++
    }
  return {
    requests,
    calls,
    callsByUserName,
    faults,
    notifications,
    connected,
    everConnected: seen.size,
    wrong,
  }
}

const obey = (order: Order): unknown => {
  switch (order.order) {
    case 'faults':
      return simulator.setFaults(order.on ? misbehaviour : [])
    case 'banned': {
      const now = Date.now()
      for (const [name, { until }] of banned) if (until === Number.POSITIVE_INFINITY) banned.set(name, { until: now })
      for (const name of order.names) banned.set(name, { until: Number.POSITIVE_INFINITY })
      return undefined
    }
    case 'overdue':
      return overdue(order.overdueMs)
    case 'summary':
      return summary()
  }
}

process.on('message', ({ id, order }: { readonly id: number; readonly order: Order }) => {
  process.send?.({ id, answer: obey(order) })
})
process.on('disconnect', () => process.exit(0))
process.send?.({ url: simulator.url, hookUrl: `http://127.0.0.1:${(hook.address() as AddressInfo).port}/` })
