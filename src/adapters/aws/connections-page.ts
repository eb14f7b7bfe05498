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

/** The elements of a row that hold text which the row takes. */
const TAKEN = [
  'connectionId',
  'username',
  'commonName',
  'connectionEstablishedTime',
  'connectionEndTime',
  'ingressBytes',
  'egressBytes',
] as const
/** The other elements that EC2 puts into a row today. */
const OTHERS = [
  'status',
  'postureComplianceStatusSet',
  'clientVpnEndpointId',
  'timestamp',
  'ingressPackets',
  'egressPackets',
  'clientIp',
  'clientIpv6Address',
  'authorizationPolicyLastEvaluatedTime',
] as const
const TAGS: ReadonlyMap<string, Tag> = new Map([...TAKEN, ...OTHERS].map((name) => [name, tagOf(name)]))
const TAKEN_TAGS = new Set(TAKEN.map((name) => TAGS.get(name)))
/** The SDK refuses a row that holds one of them twice. */
const BITS: ReadonlyMap<Tag, number> = new Map([...TAGS.values()].map((tag, place) => [tag, 1 << place]))
const [ITEM, CODE] = [tagOf('item'), tagOf('code')]

/** Where the text of an element of a row stands. `element` is empty if the row does not take it. */
interface RowText {
  readonly element: string
  readonly start: number
  readonly end: number
}

/** Where a row and its texts stand. */
interface RowForm {
  readonly start: number
  readonly texts: readonly RowText[]
  readonly end: number
  /** Whether some of the texts are posture statuses. */
  readonly hasWords: boolean
}

type Writable<Of> = { -readonly [Key in keyof Of]: Of[Key] }

const emptyRow = (endpointId: string, region: string): Writable<Connection> => ({
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
})

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

  const count = (start: number, end: number, field: UnreadField): number | undefined => {
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
  const time = (start: number, end: number): Instant | undefined => {
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

  let lastPosture: readonly string[] = []
  /** Consecutive rows with equal statuses share one list. */
  const shared = (posture: readonly string[]): readonly string[] => {
    if (posture.length !== lastPosture.length || posture.some((word, at) => word !== lastPosture[at]))
      lastPosture = posture
    return lastPosture
  }

  /** The row that is being read. */
  let made = emptyRow(endpointId, region)
  let words: string[] = []
  let [nameAt, nameEnd] = [0, 0]
  let lastName: string | undefined

  const begin = () => {
    made = emptyRow(endpointId, region)
    words = []
  }

  /** The user name and the common name are mostly equal: then they share one string. */
  const name = (start: number, end: number): string | undefined => {
    if (nameAt > 0 && end - start === nameEnd - nameAt && page.same(start, nameAt, end - start)) return lastName
    ;[nameAt, nameEnd] = [start, end]
    lastName = nameOrNone(page.copy(start, end))
    return lastName
  }

  /** Takes the text of an element into the row. */
  const take = (element: string, start: number, end: number): void => {
    switch (element) {
      case 'connectionId':
        made.id = page.copy(start, end)
        break
      case 'username':
        made.username = name(start, end)
        break
      case 'commonName':
        made.commonName = name(start, end)
        break
      case 'connectionEstablishedTime':
        made.establishedAt = time(start, end)
        break
      case 'connectionEndTime': {
        // Of a connection that is up it is a dash.
        const endedAt = end - start === 1 ? undefined : instantOf(page.copy(start, end))
        if (endedAt !== undefined) made.endedAt = endedAt
        break
      }
      case 'ingressBytes':
      case 'egressBytes':
        made[element] = count(start, end, element)
        break
      case 'code':
        made.status = statusOf(page.word(start, end))
        break
      case 'item':
        words.push(page.word(start, end))
        break
      default:
    }
  }

  /** The texts of a row that is read element by element. */
  let texts: RowText[] = []

  /** Reads an element that holds only text. */
  const leaf = (tag: Tag): void => {
    if (page.empty) return
    const start = page.at
    const end = page.leafEnd(tag)
    texts.push({ element: tag.name, start, end })
    take(tag.name, start, end)
  }

  /** Moves past an element that the row does not take. */
  const skip = (tag: Tag): void => {
    const start = page.at
    if (page.empty) return
    page.skip(tag)
    const end = page.at - tag.bytes.length - 2
    if (page.textEnd(start) === end) texts.push({ element: '', start, end })
  }

  const status = (tag: Tag): void => {
    if (page.empty) return
    const seen = new Set<string>()
    for (let child = page.open(CODE); child !== undefined; child = page.open()) {
      if (seen.has(child.name) && (child.name === 'code' || child.name === 'message')) return unusual()
      seen.add(child.name)
      if (child.name === 'code') leaf(child)
      else skip(child)
    }
    page.close(tag)
  }

  const posture = (tag: Tag): void => {
    if (!page.empty) {
      for (let child = page.open(ITEM); child !== undefined; child = page.open(ITEM)) {
        if (child.name !== 'item') return unusual()
        if (page.empty) words.push('')
        leaf(child)
      }
      page.close(tag)
    }
    made.posture = shared(words)
  }

  /** The elements of the previous row in their order: the guess for the next row. */
  const order: Tag[] = []
  /** Reads a row element by element. */
  const readRow = (): void => {
    begin()
    texts = []
    let seen = 0
    let place = 0
    for (let tag = page.open(order[0]); tag !== undefined; tag = page.open(order[++place])) {
      order[place] = tag
      const bit = BITS.get(tag) ?? 0
      if ((seen & bit) !== 0) return unusual()
      seen |= bit
      if (tag.name === 'status') status(tag)
      else if (tag.name === 'postureComplianceStatusSet') posture(tag)
      else if (TAKEN_TAGS.has(tag)) leaf(tag)
      else skip(tag)
    }
    page.close(ITEM)
  }

  /** The previous row, if nothing but its texts may differ. */
  let form: RowForm | undefined

  /**
   * Reads a row that differs from the previous one in nothing but its texts, which is mostly so. Of another row it reads
   * nothing.
   */
  const readAlike = ({ start, texts, end, hasWords }: RowForm): boolean => {
    const { posture } = made
    begin()
    let { at } = page
    let before = start
    for (const text of texts) {
      const length = text.start - before
      if (!page.same(at, before, length)) return false
      before = text.end
      const begun = at + length
      at = page.textEnd(begun)
      if (text.element !== '') take(text.element, begun, at)
    }
    if (!page.same(at, before, end - before)) return false
    page.at = at + end - before
    made.posture = hasWords ? shared(words) : posture
    return true
  }

  const row = (): Connection => {
    const start = page.at
    if (form === undefined || !readAlike(form)) {
      readRow()
      // An empty element has no text by which the next row would find it.
      form = words.includes('') ? undefined : { start, texts, end: page.at, hasWords: words.length > 0 }
    }
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
