import { Agent, type ClientRequestArgs } from 'node:http'
import type { Socket } from 'node:net'
import { onceConnected } from './once-connected.ts'

type Connected = NonNullable<Parameters<Agent['createConnection']>[1]>

/** An agent for http:// that gives a request its socket only once it is connected. Connections are kept alive. */
export class ConnectedAgent extends Agent {
  readonly #connectsWithinMs: number

  constructor({ maxSockets, connectsWithinMs }: { readonly maxSockets: number; readonly connectsWithinMs: number }) {
    super({ keepAlive: true, maxSockets })
    this.#connectsWithinMs = connectsWithinMs
  }

  override createConnection(options: ClientRequestArgs, connected: Connected) {
    onceConnected(super.createConnection(options) as Socket, this.#connectsWithinMs, connected)
    return undefined
  }
}
