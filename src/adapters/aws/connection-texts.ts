import { countOf, instantOf, midnightOf } from '../../domain/aws-text.ts'
import { type Connection, nameOrNone } from '../../domain/connection.ts'
import type { UnreadField } from '../../domain/snapshot.ts'
import { HOUR, type Instant, MINUTE, SECOND } from '../../domain/time/instant.ts'
import { noteUnread, statusOf } from './connection-row.ts'
import type { PageScanner } from './page-scanner.ts'

/** The elements of a row whose text `take` reads, besides the code of the status and the items of the posture. */
export const TAKEN = [
  'connectionId',
  'username',
  'commonName',
  'connectionEstablishedTime',
  'connectionEndTime',
  'ingressBytes',
  'egressBytes',
] as const

type Writable<Of> = { -readonly [Key in keyof Of]: Of[Key] }

/** Makes connections from the texts of rows, which stand on one page. Consecutive rows share their equal values. */
export class ConnectionTexts {
  /** The first text of each field that could not be read. */
  readonly unread = new Map<UnreadField, string>()
  /** The connection of the row that is being read. */
  made: Writable<Connection>
  /** Its posture statuses, as far as they were read. */
  words: string[] = []
  private readonly page: PageScanner
  private readonly place: Pick<Connection, 'endpointId' | 'region'>
  /** The position of the last date and its midnight. The next row mostly has the same date. */
  private dateAt = 0
  private midnight: Instant | undefined
  private nameAt = 0
  private nameEnd = 0
  private lastName: string | undefined
  private lastPosture: readonly string[] = []

  constructor(page: PageScanner, place: Pick<Connection, 'endpointId' | 'region'>) {
    this.page = page
    this.place = place
    this.made = this.empty()
  }

  begin(): void {
    this.made = this.empty()
    this.words = []
  }

  /** Takes the text of an element into the connection. */
  take(element: string, start: number, end: number): void {
    const { page, made } = this
    switch (element) {
      case 'connectionId':
        made.id = page.copy(start, end)
        break
      case 'username':
        made.username = this.name(start, end)
        break
      case 'commonName':
        made.commonName = this.name(start, end)
        break
      case 'connectionEstablishedTime':
        made.establishedAt = this.time(start, end)
        break
      case 'connectionEndTime': {
        // Of a connection that is up it is a dash.
        const endedAt = end - start === 1 ? undefined : instantOf(page.copy(start, end))
        if (endedAt !== undefined) made.endedAt = endedAt
        break
      }
      case 'ingressBytes':
      case 'egressBytes':
        made[element] = this.count(start, end, element)
        break
      case 'code':
        made.status = statusOf(page.word(start, end))
        break
      case 'item':
        this.words.push(page.word(start, end))
        break
      default:
    }
  }

  /** Takes the posture statuses into the connection. Consecutive rows with equal ones share one list. */
  takePosture(): void {
    const { words, lastPosture } = this
    if (words.length !== lastPosture.length || words.some((word, at) => word !== lastPosture[at]))
      this.lastPosture = words
    this.made.posture = this.lastPosture
  }

  private empty(): Writable<Connection> {
    const { endpointId, region } = this.place
    return {
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
  }

  /** The user name and the common name are mostly equal: then they share one string. */
  private name(start: number, end: number): string | undefined {
    const { page, nameAt } = this
    if (nameAt > 0 && end - start === this.nameEnd - nameAt && page.same(start, nameAt, end - start))
      return this.lastName
    this.nameAt = start
    this.nameEnd = end
    this.lastName = nameOrNone(page.copy(start, end))
    return this.lastName
  }

  private count(start: number, end: number, field: UnreadField): number | undefined {
    const { bytes } = this.page
    let value = 0
    for (let at = start; at < end; at++) {
      const digit = (bytes[at] ?? 0) - 48
      // Text that is not a short plain number is read in the same way as in rows of the SDK.
      if (digit < 0 || digit > 9 || end - start > 15) return this.inAnyForm(start, end, field, countOf)
      value = value * 10 + digit
    }
    return end === start ? undefined : value
  }

  private time(start: number, end: number): Instant | undefined {
    const { page } = this
    const { bytes } = page
    const [hours, minutes, seconds] = [two(bytes, start + 11), two(bytes, start + 14), two(bytes, start + 17)]
    const isUsual =
      end - start === 19 && bytes[start + 10] === 32 && bytes[start + 13] === 58 && bytes[start + 16] === 58
    if (isUsual && hours < 24 && minutes < 60 && seconds < 60) {
      if (this.dateAt === 0 || !page.same(start, this.dateAt, 10)) {
        this.midnight = midnightOf(page.copy(start, start + 10))
        this.dateAt = start
      }
      if (this.midnight !== undefined) return this.midnight + hours * HOUR + minutes * MINUTE + seconds * SECOND
    }
    return this.inAnyForm(start, end, 'connectionEstablishedTime', instantOf)
  }

  private inAnyForm(
    start: number,
    end: number,
    field: UnreadField,
    valueOf: (text: string) => number | undefined,
  ): number | undefined {
    const text = this.page.copy(start, end)
    const read = valueOf(text)
    noteUnread(this.unread, field, text, read)
    return read
  }
}

/** A number of two digits. Not a number for other bytes. */
const two = (bytes: Uint8Array, at: number): number => {
  const [tens, ones] = [(bytes[at] ?? 0) - 48, (bytes[at + 1] ?? 0) - 48]
  return tens < 0 || tens > 9 || ones < 0 || ones > 9 ? Number.NaN : tens * 10 + ones
}
