import type { Socket } from 'node:net'
import { TLSSocket } from 'node:tls'

/**
 * Gives the socket to `connected` once it is connected, for TLS after the handshake, or the error. Until then it does not
 * keep the process alive. A socket that takes longer than `withinMs` is destroyed: the request that wanted it was given up
 * before, and cannot destroy a socket that it does not have yet.
 */
export const onceConnected = (
  socket: Socket,
  withinMs: number,
  connected: (error: Error | null, socket: Socket) => void,
): void => {
  const slow = () =>
    socket.destroy(Object.assign(new Error(`not connected within ${withinMs / 1000} s`), { code: 'ETIMEDOUT' }))
  const timer = setTimeout(slow, withinMs).unref()
  const failed = (error: Error) => {
    clearTimeout(timer)
    connected(error, undefined as never)
  }
  const closed = () => failed(Object.assign(new Error('closed while connecting'), { code: 'ECONNRESET' }))
  socket.unref()
  socket.once('error', failed)
  socket.once('close', closed)
  socket.once(socket instanceof TLSSocket ? 'secureConnect' : 'connect', () => {
    clearTimeout(timer)
    socket.off('error', failed)
    socket.off('close', closed)
    socket.ref()
    connected(null, socket)
  })
}
