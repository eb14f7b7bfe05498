import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'

/** Starts a slow receiver of notifications. It answers every seventh one with status 503. */
export const startReceiver = async () => {
  let received = 0
  const server = createServer((request, response) => {
    request.resume()
    received++
    response.statusCode = received % 7 === 0 ? 503 : 204
    setTimeout(() => response.end(), 500 + (received % 5) * 700)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`, received: () => received }
}
