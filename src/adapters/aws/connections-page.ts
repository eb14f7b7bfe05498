import { countOf, instantOf, midnightOf } from '../../domain/aws-text.ts'
import type { Connection } from '../../domain/connection.ts'
import { nameOrNone } from '../../domain/connection.ts'
import type { UnreadField } from '../../domain/snapshot.ts'
import { HOUR, type Instant, MINUTE, SECOND } from '../../domain/time/instant.ts'
import { noteUnread, statusOf } from './connection-row.ts'
import { PageScanner, type Tag, tagOf, Unusual, unusual } from './page-scanner.ts'
import type { ConnectionsPage } from './pages.ts'

const ROOT = /^[ \n]*(?:<\?xml[^<>]*\?>[ \n]*)?<DescribeClientVpnConnectionsResponse(?: xmlns="[^"<>&]*")?>/
const ROOT_END = '</DescribeClientVpnConnectionsResponse>'
/** The root's start tag must lie within these bytes. */
const HEAD_BYTES = 400

/** The elements that EC2 puts into a row today. The SDK refuses a row that holds one of them twice. */
const TAGS: ReadonlyMap<string, Tag> = new Map(
  [
    'connectionId',
    'username',
    'commonName',
    'connectionEstablishedTime',
    'ingressBytes',
    'egressBytes',
    'status',
    'postureComplianceStatusSet',
    'connectionEndTime',
    // These elements are skipped.
    'clientVpnEndpointId',
    'timestamp',
    'ingressPackets',
    'egressPackets',
    'clientIp',
    'clientIpv6Address',
    'authorizationPolicyLastEvaluatedTime',
  ].map((name) => [name, tagOf(name)]),
)
const BITS: ReadonlyMap<Tag, number> = new Map([...TAGS.values()].map((tag, place) => [tag, 1 << place]))
const [ITEM, CODE] = [tagOf('item'), tagOf('code')]

type Writable<Of> = { -readonly [Key in keyof Of]: Of[Key] }

/**
 * Reads a whole page as EC2 writes it: elements without attributes, in any order, known or unknown, with text in UTF-8
 * and the five named entities. Undefined for everything else, malformed pages included: the SDK's reader then decides.
 * Written by hand because a quiet daemon spends nearly all its time on polling. The SDK's reader, which looks at each
 * character by itself, takes many times as long.
 */
export const readConnectionsPage = (
  body: Buffer,
  { endpointId, region }: Pick<Connection, 'endpointId' | 'region'>,
): ConnectionsPage | undefined => {
  const head = ROOT.exec(body.toString('latin1', 0, HEAD_BYTES))
  if (head === null || body.includes('\r')) return undefined
  const page = new PageScanner(body, head[0].length, TAGS)
  const { bytes } = page
  const unread = new Map<UnreadField, string>()

  const count = (tag: Tag, field: UnreadField): number | undefined => {
    if (page.empty) return undefined
    const start = page.at
    const end = page.leafEnd(tag)
    let value = 0
    for (let at = start; at < end; at++) {
      const digit = (bytes[at] ?? 0) - 48
      // Text that is not a short plain number is read in the same way as in rows of the SDK.
      if (digit < 0 || digit > 9 || end - start > 15) {
        const text = page.copy(start, end)
        const read = countOf(text)
        noteUnread(unread, field, text, read)
        return read
      }
      value = value * 10 + digit
    }
    return end === start ? undefined : value
  }

  const two = (at: number): number => {
    const [tens, ones] = [(bytes[at] ?? 0) - 48, (bytes[at + 1] ?? 0) - 48]
    return tens < 0 || tens > 9 || ones < 0 || ones > 9 ? Number.NaN : tens * 10 + ones
  }

  /** The position of the last date and its midnight. The next row mostly has the same date. */
  let [dateAt, midnight] = [0, undefined as Instant | undefined]
  const time = (tag: Tag): Instant | undefined => {
    if (page.empty) return undefined
    const start = page.at
    const end = page.leafEnd(tag)
    const [hours, minutes, seconds] = [two(start + 11), two(start + 14), two(start + 17)]
    const isUsual =
      end - start === 19 && bytes[start + 10] === 32 && bytes[start + 13] === 58 && bytes[start + 16] === 58
    const anyForm = () => {
      const text = page.copy(start, end)
      const read = instantOf(text)
      noteUnread(unread, 'connectionEstablishedTime', text, read)
      return read
    }
    if (!isUsual || !(hours < 24 && minutes < 60 && seconds < 60)) return anyForm()
    if (dateAt === 0 || !page.same(start, dateAt, 10)) {
      midnight = midnightOf(page.copy(start, start + 10))
      dateAt = start
    }
    return midnight === undefined ? anyForm() : midnight + hours * HOUR + minutes * MINUTE + seconds * SECOND
  }

  /** Of a connection that is up it is a dash. */
  const endTime = (tag: Tag): Instant | undefined => {
    if (page.empty) return undefined
    const start = page.at
    const end = page.leafEnd(tag)
    return end - start === 1 ? undefined : instantOf(page.copy(start, end))
  }

  const status = (tag: Tag): string | undefined => {
    if (page.empty) return undefined
    let code: string | undefined
    let message = false
    for (let child = page.open(CODE); child !== undefined; child = page.open()) {
      if ((child.name === 'code' && code !== undefined) || (child.name === 'message' && message)) return unusual()
      if (child.name === 'code') code = page.word(child)
      else page.skip(child)
      message ||= child.name === 'message'
    }
    page.close(tag)
    return code
  }

  let lastPosture: readonly string[] = []
  /** Consecutive rows with equal statuses share one list. */
  const posture = (tag: Tag): readonly string[] => {
    if (page.empty) return []
    const found: string[] = []
    for (let child = page.open(ITEM); child !== undefined; child = page.open(ITEM)) {
      if (child.name !== 'item') return unusual()
      found.push(page.word(child))
    }
    page.close(tag)
    if (found.length !== lastPosture.length || found.some((word, at) => word !== lastPosture[at])) lastPosture = found
    return lastPosture
  }

  /** The elements of the previous row in their order: the guess for the next row. */
  const order: Tag[] = []
  const row = (): Connection => {
    const made: Writable<Connection> = {
      id: '',
      endpointId,
      region,
      username: undefined,
      commonName: undefined,
      establishedAt: undefined,
      status: 'unknown',
      ingressBytes: undefined,
      egressBytes: undefined,
      posture: undefined,
    }
    let [nameAt, nameEnd] = [0, 0]
    let known: string | undefined
    /** The user name and the common name are mostly equal: then they share one string. */
    const name = (tag: Tag): string | undefined => {
      if (page.empty) return undefined
      const start = page.at
      const end = page.leafEnd(tag)
      if (nameAt > 0 && end - start === nameEnd - nameAt && page.same(start, nameAt, end - start)) return known
      ;[nameAt, nameEnd] = [start, end]
      known = nameOrNone(page.copy(start, end))
      return known
    }
    let seen = 0
    let place = 0
    for (let tag = page.open(order[0]); tag !== undefined; tag = page.open(order[++place])) {
      order[place] = tag
      const bit = BITS.get(tag) ?? 0
      if ((seen & bit) !== 0) return unusual()
      seen |= bit
      switch (tag.name) {
        case 'connectionId':
          made.id = page.text(tag)
          break
        case 'username':
          made.username = name(tag)
          break
        case 'commonName':
          made.commonName = name(tag)
          break
        case 'connectionEstablishedTime':
          made.establishedAt = time(tag)
          break
        case 'connectionEndTime': {
          const endedAt = endTime(tag)
          if (endedAt !== undefined) made.endedAt = endedAt
          break
        }
        case 'ingressBytes':
          made.ingressBytes = count(tag, tag.name)
          break
        case 'egressBytes':
          made.egressBytes = count(tag, tag.name)
          break
        case 'status':
          made.status = statusOf(status(tag))
          break
        case 'postureComplianceStatusSet':
          made.posture = posture(tag)
          break
        default:
          page.skip(tag)
      }
    }
    page.close(ITEM)
    return made.id === '' ? unusual() : made
  }

  const read = (): ConnectionsPage => {
    let rows: Connection[] | undefined
    let nextToken: string | undefined
    const seen = new Set<string>()
    for (let tag = page.open(); tag !== undefined; tag = page.open()) {
      // Of an element that appears twice the SDK reads the first, or nothing: such an answer is refused.
      if (seen.has(tag.name)) return unusual()
      seen.add(tag.name)
      if (tag.name === 'connections') {
        rows = []
        if (page.empty) continue
        for (let item = page.open(ITEM); item !== undefined; item = page.open(ITEM)) {
          if (item.name !== 'item' || page.empty) return unusual()
          rows.push(row())
        }
        page.close(tag)
      } else if (tag.name === 'nextToken') {
        nextToken = page.text(tag)
      } else page.skip(tag)
    }
    const rest = bytes.toString('latin1', page.at)
    if (!rest.startsWith(ROOT_END) || /[^ \n]/.test(rest.slice(ROOT_END.length))) return unusual()
    return rows === undefined ? unusual() : { rows, nextToken: nextToken || undefined, unread }
  }

  try {
    return read()
  } catch (error) {
    if (error instanceof Unusual) return undefined
    throw error
  }
}
