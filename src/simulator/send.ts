import type { FastifyReply } from 'fastify'
import type { SimulatedResponse } from './exchange.ts'
import type { FaultKind } from './fault-kinds.ts'

/** The first half of a list ends inside a row. */
const firstHalf = (body: string): string => body.slice(0, body.length / 2)

/** Sends an answer, or the part of it that the fault permits. */
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
