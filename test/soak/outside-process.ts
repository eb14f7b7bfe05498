import { fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import type { Order, Summary } from './outside.ts'

const SCRIPT = fileURLToPath(new URL('outside.ts', import.meta.url))

/** Starts the process with everything outside the daemon, and sends orders to it. */
export const startOutside = async (clients: number, seed: number, auditFile: string) => {
  const child = fork(SCRIPT, [String(clients), String(seed), auditFile], { execArgv: ['--import', 'tsx'] })
  const [ready] = (await once(child, 'message')) as [{ readonly url: string; readonly hookUrl: string }]
  const waiting = new Map<number, (answer: unknown) => void>()
  child.on('message', ({ id, answer }: { readonly id: number; readonly answer: unknown }) => {
    waiting.get(id)?.(answer)
    waiting.delete(id)
  })
  let orders = 0
  const send = (order: Order): Promise<unknown> =>
    new Promise((resolve) => {
      const id = ++orders
      waiting.set(id, resolve)
      child.send({ id, order })
    })
  return {
    ...ready,
    setFaults: (on: boolean) => send({ order: 'faults', on }),
    setBanned: (names: readonly string[]) => send({ order: 'banned', names }),
    overdue: async (overdueMs: number) => (await send({ order: 'overdue', overdueMs })) as readonly string[],
    summary: async () => (await send({ order: 'summary' })) as Summary,
    async stop() {
      const ended = once(child, 'exit')
      child.disconnect()
      await ended
    },
  }
}

export type Outside = Awaited<ReturnType<typeof startOutside>>
