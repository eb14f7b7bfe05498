import { isIP } from 'node:net'

/** Whether only programs on this machine can reach the address. */
const isLoopback = (host: string): boolean => /^(?:localhost|127\..*|::1|\[::1\])$/.test(host)

/**
 * Whether a request may come from a page of another site. A browser takes such a page's own name to a loopback address
 * if the DNS of that name says so (DNS rebinding), and the page could then read what only this machine may read. An
 * address or `localhost` in `Host` proves that no such name was used, and the name of `publicUrl` is the operator's own; a
 * program that is not a browser may send no `Host`.
 */
export const isRebound = (listeningOn: string, host: string | undefined, publicHost?: string): boolean => {
  if (host === undefined || !isLoopback(listeningOn)) return false
  if (host.toLowerCase() === publicHost) return false
  const name = host.replace(/:\d*$/, '').replace(/^\[(.*)\]$/, '$1')
  return isIP(name) === 0 && !/^(?:.*\.)?localhost\.?$/i.test(name)
}
