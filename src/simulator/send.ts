import type { FastifyReply } from 'fastify'
import type { SimulatedResponse } from './exchange.ts'
import type { FaultKind } from './fault-kinds.ts'

/** Of a list this is somewhere in a row. */
const firstHalf = (body: string): string => body.slice(0, body.length / 2)

/** Puts an answer on the wire, or as much of it as the fault lets through. */
export const send = (reply: FastifyReply, response: SimulatedResponse, fault: FaultKind | undefined): FastifyReply => {
  const { status, headers = {}, body } = response
  switch (fault) {
    case 'answer-lost':
      return reply.hijack()
    case 'stall':
      reply.hijack()
      reply.raw.writeHead(status, { ...headers, 'content-length': Buffer.byteLength(body) })
      reply.raw.write(firstHalf(body))
      return reply
    case 'truncated':
      return reply.code(status).headers(headers).send(firstHalf(body))
    default:
      return reply.code(status).headers(headers).send(body)
  }
}
