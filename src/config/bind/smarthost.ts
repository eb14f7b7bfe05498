import type { Smarthost } from '../configuration.ts'

const HOST_PORT = /^(?:\[([0-9A-Fa-f:.]+)\]|([A-Za-z0-9.-]+)):(\d{1,5})$/

/** Reads `smtp.corp.example:587`; IPv6 addresses stand in brackets. Undefined for anything else. */
export const parseSmarthost = (text: string): Smarthost | undefined => {
  const [, address, name, digits] = HOST_PORT.exec(text) ?? []
  const [host, port] = [address ?? name, Number(digits)]
  return host !== undefined && port >= 1 && port <= 65_535 ? { host, port } : undefined
}
