import { isAscii } from 'node:buffer'
import type { ClientVpnConnection } from '@aws-sdk/client-ec2'

/** What Curfew reads of a page of DescribeClientVpnConnections, in the words of the SDK. */
export interface ConnectionsPage {
  readonly Connections: ClientVpnConnection[]
  readonly NextToken: string | undefined
}

/** The page is not written as EC2 writes it: it is left to those who know all of XML. */
class Unusual extends Error {}

const unusual = (): never => {
  throw new Unusual()
}

const ROOT = /^[ \n]*(?:<\?xml[^<>]*\?>[ \n]*)?<DescribeClientVpnConnectionsResponse(?: xmlns="[^"<>&]*")?>/
const ROOT_END = '</DescribeClientVpnConnectionsResponse>'

/** Elements of a row that nobody here reads. The SDK refuses a row in which one of them comes twice. */
const UNREAD: ReadonlyMap<string, number> = new Map(
  [
    'clientVpnEndpointId',
    'timestamp',
    'ingressPackets',
    'egressPackets',
    'clientIp',
    'clientIpv6Address',
    'connectionEndTime',
    'authorizationPolicyLastEvaluatedTime',
  ].map((name, place) => [name, 1 << place]),
)

const ENTITIES: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" }

/**
 * Reads a whole page as EC2 writes it: elements without attributes, in any order, known or not, with text in UTF-8 and
 * the five named entities. Undefined for everything else, malformed pages included. Written by hand because polling is
 * nearly all that a quiet daemon does: the SDK's reader looks at each character by itself, and takes many times as long.
 */
export const readConnectionsPage = (body: Buffer): ConnectionsPage | undefined => {
  // One byte, one character: places in the text are places in the body, and what is not looked at costs nothing.
  const text = body.toString('latin1')
  const head = ROOT.exec(text)
  if (head === null || text.includes('\r')) return undefined
  const ascii = isAscii(body)
  const entities = text.includes('&')
  let at = head[0].length

  const isSpace = (code: number): boolean => code === 32 || code === 10 || code === 9

  /** Whether the element that was opened last ended there and then. */
  let empty = false

  /** The name of the element that begins here, past white space; undefined where its parent ends. Moves past the `>`. `guess`: the one that it will be, if the rows are alike. */
  const open = (guess?: string): string | undefined => {
    const start = at
    let code = text.charCodeAt(at)
    let line = false
    while (isSpace(code)) {
      line ||= code === 10
      code = text.charCodeAt(++at)
    }
    // The SDK takes white space without a line end for content, and loses the list around it.
    if (code !== 60 || (at > start && !line)) return unusual()
    if (text.charCodeAt(at + 1) === 47) return undefined
    if (guess !== undefined && text.startsWith(guess, at + 1) && text.charCodeAt(at + 1 + guess.length) === 62) {
      empty = false
      at += guess.length + 2
      return guess
    }
    const end = text.indexOf('>', at)
    if (end === -1) return unusual()
    empty = text.charCodeAt(end - 1) === 47
    const name = text.slice(at + 1, empty ? end - 1 : end)
    at = end + 1
    return name
  }

  const close = (name: string): void => {
    const end = at + 2 + name.length
    if (!text.startsWith(name, at + 2) || text.charCodeAt(end) !== 62) return unusual()
    at = end + 1
  }

  /** The text of an element that holds nothing else, from its start to its end. */
  const leafEnd = (name: string): number => {
    const end = text.indexOf('<', at)
    if (end === -1 || text.charCodeAt(end + 1) !== 47) return unusual()
    at = end
    close(name)
    return end
  }

  /** Decoded, and a string of its own: a part of the page's text would keep the whole of it in memory. */
  const copyOf = (start: number, end: number): string => {
    const copy = body.toString(ascii ? 'latin1' : 'utf8', start, end)
    if (copy.includes('\n')) return unusual()
    if (!entities || !copy.includes('&')) return copy
    return copy.replace(/&(?:(\w+);)?/g, (_all: string, name: string | undefined) => ENTITIES[name ?? ''] ?? unusual())
  }

  /** For what is used at once and forgotten. */
  const partOf = (start: number, end: number): string => {
    return ascii && !entities ? text.slice(start, end) : copyOf(start, end)
  }

  const words = new Map<string, string>()
  /** One string for all places that hold the same. */
  const wordOf = (start: number, end: number): string => {
    const part = text.slice(start, end)
    const known = words.get(part)
    if (known !== undefined) return known
    const word = copyOf(start, end)
    words.set(ascii ? word : part, word)
    return word
  }

  const skip = (name: string): void => {
    if (!UNREAD.has(name) && !/^\w+$/.test(name)) return unusual()
    if (empty) return
    if (text.charCodeAt(at) !== 60 && !isSpace(text.charCodeAt(at))) {
      leafEnd(name)
      return
    }
    const next = text.indexOf('<', at)
    if (next !== -1 && text.charCodeAt(next + 1) === 47) {
      at = next
      return close(name)
    }
    for (let child = open(); child !== undefined; child = open()) skip(child)
    close(name)
  }

  const leaf = (name: string, read: (start: number, end: number) => string): string => {
    if (empty) return ''
    const start = at
    return read(start, leafEnd(name))
  }

  const status = (): ClientVpnConnection['Status'] => {
    let code: string | undefined
    let message = false
    if (empty) return {}
    for (let name = open(); name !== undefined; name = open()) {
      if ((name === 'code' && code !== undefined) || (name === 'message' && message)) return unusual()
      if (name === 'code') code = leaf(name, wordOf)
      else skip(name)
      message ||= name === 'message'
    }
    close('status')
    return code === undefined ? {} : { Code: code as never }
  }

  const posture = (): string[] => {
    const found: string[] = []
    if (empty) return found
    for (let name = open(); name !== undefined; name = open()) {
      if (name !== 'item') return unusual()
      found.push(leaf(name, wordOf))
    }
    close('postureComplianceStatusSet')
    return found
  }

  /** The elements of the row before, in their order. */
  const order: string[] = []
  const row = (): ClientVpnConnection => {
    let place = 0
    const made: ClientVpnConnection = {
      ConnectionId: undefined,
      Username: undefined,
      CommonName: undefined,
      ConnectionEstablishedTime: undefined,
      IngressBytes: undefined,
      EgressBytes: undefined,
      Status: undefined,
      PostureComplianceStatuses: undefined,
    }
    let unread = 0
    let [nameStart, nameEnd] = [0, 0]
    /** Mostly the user name and the common name are one: then they are one string. */
    const nameOf = (start: number, end: number): string => {
      if (end - start === nameEnd - nameStart && text.startsWith(text.slice(nameStart, nameEnd), start)) {
        const known = made.Username ?? made.CommonName
        if (known !== undefined) return known
      }
      ;[nameStart, nameEnd] = [start, end]
      return copyOf(start, end)
    }
    for (let name = open(order[0]); name !== undefined; name = open(order[++place])) {
      order[place] = name
      switch (name) {
        case 'connectionId':
          if (made.ConnectionId !== undefined) return unusual()
          made.ConnectionId = leaf(name, copyOf)
          break
        case 'username':
          if (made.Username !== undefined) return unusual()
          made.Username = leaf(name, nameOf)
          break
        case 'commonName':
          if (made.CommonName !== undefined) return unusual()
          made.CommonName = leaf(name, nameOf)
          break
        case 'connectionEstablishedTime':
          if (made.ConnectionEstablishedTime !== undefined) return unusual()
          made.ConnectionEstablishedTime = leaf(name, partOf)
          break
        case 'ingressBytes':
          if (made.IngressBytes !== undefined) return unusual()
          made.IngressBytes = leaf(name, partOf)
          break
        case 'egressBytes':
          if (made.EgressBytes !== undefined) return unusual()
          made.EgressBytes = leaf(name, partOf)
          break
        case 'status':
          if (made.Status !== undefined) return unusual()
          made.Status = status()
          break
        case 'postureComplianceStatusSet':
          if (made.PostureComplianceStatuses !== undefined) return unusual()
          made.PostureComplianceStatuses = posture()
          break
        default: {
          const bit = UNREAD.get(name) ?? 0
          if ((unread & bit) !== 0) return unusual()
          unread |= bit
          skip(name)
        }
      }
    }
    close('item')
    return made
  }

  const page = (): ConnectionsPage => {
    let rows: ClientVpnConnection[] | undefined
    let token: string | undefined
    for (let name = open(); name !== undefined; name = open()) {
      if (name === 'connections') {
        if (rows !== undefined) return unusual()
        rows = []
        if (empty) continue
        for (let item = open(); item !== undefined; item = open()) {
          if (item !== 'item' || empty) return unusual()
          rows.push(row())
        }
        close(name)
      } else if (name === 'nextToken') {
        if (token !== undefined) return unusual()
        token = leaf(name, copyOf)
      } else skip(name)
    }
    if (!text.startsWith(ROOT_END, at) || /[^ \n]/.test(text.slice(at + ROOT_END.length))) return unusual()
    return rows === undefined ? unusual() : { Connections: rows, NextToken: token }
  }

  try {
    return page()
  } catch (error) {
    if (error instanceof Unusual) return undefined
    throw error
  }
}
