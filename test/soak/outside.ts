import { isConnected } from '../../src/simulator/connection-row.ts'
import { defineScenario } from '../../src/simulator/scenario-file.ts'
import { startSimulator } from '../../src/simulator/server.ts'
import { createJudge } from './judge.ts'
import { misbehaviour } from './misbehaviour.ts'
import { ENDPOINTS, scenarioOf } from './population.ts'
import { startReceiver } from './receiver.ts'

// Everything outside the daemon, in a separate process: the simulated AWS, a slow receiver of notifications, and a judge
// of the daemon's calls.

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
  readonly mistakes: readonly string[]
}

const COUNT_EVERY_MS = 30_000

const [clients = '', seed = '', auditFile = ''] = process.argv.slice(2)
const faults: Record<string, number> = {}
const everConnected = new Set<string>()
let requests = 0

const judge = createJudge(() => simulator, auditFile)
const simulator = await startSimulator({
  scenario: defineScenario(scenarioOf(Number(clients), Number(seed))),
  intercept: (request) => {
    requests++
    if (request.action === 'TerminateClientVpnConnections' && request.params.DryRun !== 'true') judge.called(request)
    return undefined
  },
})
simulator.onRequest(({ fault }) => {
  if (fault !== undefined) faults[fault] = (faults[fault] ?? 0) + 1
})
const receiver = await startReceiver()

/** Counts the connections that are up, and remembers every connection it sees. */
const countConnected = (): number => {
  const rows = ENDPOINTS.flatMap(({ id }) => simulator.world.connections(id))
  for (const { connectionId } of rows) everConnected.add(connectionId)
  return rows.filter(isConnected).length
}
setInterval(countConnected, COUNT_EVERY_MS)

const summary = (): Summary => {
  const connected = countConnected()
  return {
    requests,
    ...judge.counts(),
    faults,
    notifications: receiver.received(),
    connected,
    everConnected: everConnected.size,
    mistakes: judge.mistakes,
  }
}

const execute = (order: Order): unknown => {
  switch (order.order) {
    case 'faults':
      return simulator.setFaults(order.on ? misbehaviour : [])
    case 'banned':
      return judge.banned(order.names, Date.now())
    case 'overdue':
      return judge.overdue(Date.now(), order.overdueMs)
    case 'summary':
      return summary()
  }
}

process.on('message', ({ id, order }: { readonly id: number; readonly order: Order }) => {
  process.send?.({ id, answer: execute(order) })
})
process.on('disconnect', () => process.exit(0))
process.send?.({ url: simulator.url, hookUrl: receiver.url })
