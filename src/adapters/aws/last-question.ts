import type { ClientRequest, Agent as HttpAgent } from 'node:http'

/** The call was not sent: another process may hold the unit by now. */
export class NotHeld extends Error {
  override name = 'NotHeld'

  constructor() {
    super('another process may hold the unit')
  }
}

/** Node's client gives every request to its agent by this method. The types of Node leave it out. */
interface Asked {
  addRequest(request: ClientRequest, ...rest: readonly unknown[]): void
}

/**
 * The agent with a question before each request: if `holds` says no, no byte of the request leaves, and it fails with
 * `NotHeld`. The sockets are those of `agent`, which must give out connected ones only.
 *
 * Node emits `socket` and then writes the request, which the SDK has ended long before, in the same turn of the event loop.
 * Credentials, the signature, the wait for a socket and its handshake are over by then. A destroyed socket takes nothing.
 */
export const withLastQuestion = <Of extends HttpAgent>(agent: Of, holds: () => boolean): Of =>
  Object.create(agent, {
    addRequest: {
      value(request: ClientRequest, ...rest: readonly unknown[]) {
        request.once('socket', () => {
          if (!holds()) request.destroy(new NotHeld())
        })
        ;(agent as unknown as Asked).addRequest(request, ...rest)
      },
    },
  }) as Of
