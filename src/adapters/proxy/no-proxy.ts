import { BlockList, isIP, isIPv6 } from 'node:net'

/** Whether an entry of NO_PROXY names a host. `host` is in lower case, and an IPv6 address has no brackets. */
type Entry = (host: string, port: number) => boolean

const familyOf = (address: string) => (isIPv6(address) ? 'ipv6' : 'ipv4')

const network = (list: BlockList): Entry => {
  return (host) => isIP(host) !== 0 && list.check(host, familyOf(host))
}

const hostEntry = (text: string): Entry => {
  const [, address = '', bits] = /^(.+?)(?:\/(\d{1,3}))?$/.exec(text) ?? []
  if (isIP(address) !== 0) {
    const list = new BlockList()
    if (bits === undefined) list.addAddress(address, familyOf(address))
    else if (Number(bits) <= (isIPv6(address) ? 128 : 32)) list.addSubnet(address, Number(bits), familyOf(address))
    return network(list)
  }
  const name = text.replace(/^\*?\./, '').replace(/\.$/, '')
  return (host) => host === name || host.endsWith(`.${name}`)
}

const entryOf = (text: string): Entry => {
  if (text === '*') return () => true
  const parts = isIPv6(text) ? null : /^(?<host>.+):(?<port>\d+)$/.exec(text)
  const names = hostEntry((parts?.groups?.host ?? text).replace(/^\[([^\]]+)\]/, '$1'))
  const port = parts?.groups?.port
  return port === undefined ? names : (host, ofHost) => Number(port) === ofHost && names(host, ofHost)
}

/**
 * Reads a list of hosts that need no proxy, as curl and Go do: `*`, a name with its subdomains, an address, a network
 * such as 10.0.0.0/8; each but the first with or without a port. An entry of another form names no host.
 */
export const createNoProxy = (text: string): Entry => {
  const entries = text
    .toLowerCase()
    .split(/[\s,]+/)
    .filter((entry) => entry !== '')
    .map(entryOf)
  return (host, port) => {
    const name = host.toLowerCase().replace(/\.$/, '')
    return entries.some((names) => names(name, port))
  }
}
