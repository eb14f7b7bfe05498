import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'

/** A relay to a port of this machine. It can stop forwarding without closing anything, as a network does that is cut. */
export const startRelay = async (target: number, port = 0) => {
  const sockets = new Set<Socket>()
  let isCut = false

  const join = (from: Socket, to: Socket) => {
    sockets.add(from)
    from.on('data', (bytes) => to.write(bytes))
    from.on('close', () => {
      sockets.delete(from)
      if (!isCut) to.destroy()
    })
    from.on('error', () => {})
    if (isCut) from.pause()
  }
  const server = createServer((client) => {
    const upstream = connect(target, '127.0.0.1')
    join(client, upstream)
    join(upstream, client)
  })
  server.listen(port, '127.0.0.1')
  await once(server, 'listening')

  return {
    port: (server.address() as AddressInfo).port,
    /** From now on nothing is forwarded, in either direction. */
    cut(): void {
      isCut = true
      for (const socket of sockets) socket.pause()
    },
    /** What was sent meanwhile arrives. */
    heal(): void {
      isCut = false
      for (const socket of sockets) socket.resume()
    },
    async [Symbol.asyncDispose](): Promise<void> {
      for (const socket of sockets) socket.destroy()
      server.close()
      await once(server, 'close')
    },
  }
}

export type Relay = Awaited<ReturnType<typeof startRelay>>
