import { openAuditTrail } from '../../../src/adapters/audit/audit-trail.ts'
import { AuditError, type AuditTrail } from '../../../src/app/audit.ts'
import { record } from './chain.ts'
import type { Answer, Order } from './processes.ts'

/** The process that `Keeper` starts. It carries out the orders that `Keeper` sends. */
let trail: AuditTrail | undefined

const answer = (message: Answer) => process.send?.(message)

const attempt = async (done: string, doing: Promise<unknown> | undefined) => {
  try {
    await doing
    answer({ done })
  } catch (error) {
    if (!(error instanceof AuditError)) throw error
    answer({ failed: error.code, message: error.message })
  }
}

/** Writes one record after another until the process is killed. */
const writeOn = async (prefix: string, worker: number) => {
  for (let count = 0; ; count++) {
    const id = `${prefix}-${worker}-${count}`
    await attempt(id, trail?.write([record(id)]))
  }
}

process.on('message', (order: Order) => {
  switch (order.do) {
    case 'open': {
      const { file, rotateAtBytes } = order
      const opening = openAuditTrail({ file, ...(rotateAtBytes !== undefined && { rotateAtBytes }) })
      void attempt(
        file,
        opening.then((opened) => (trail = opened)),
      )
      return
    }
    case 'write':
      void attempt(order.ids.join(' '), trail?.write(order.ids.map((id) => record(id))))
      return
    case 'write-on':
      for (let worker = 0; worker < 4; worker++) void writeOn(order.prefix, worker)
      return
    case 'close':
      void attempt('', trail?.close())
      return
  }
})
