import { createServer } from 'node:net'

/** The system's code for why a server cannot listen at an address; undefined if it can. Nothing listens afterwards. */
export const whyNotListening = (host: string, port: number): Promise<string | undefined> =>
  new Promise((resolve) => {
    const server = createServer()
    server.once('error', ({ code = 'unknown' }: NodeJS.ErrnoException) => resolve(code))
    server.listen({ host, port, exclusive: true }, () => server.close(() => resolve(undefined)))
  })
