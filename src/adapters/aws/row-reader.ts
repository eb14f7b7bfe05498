import type { Connection } from '../../domain/connection.ts'
import { type ConnectionTexts, TAKEN } from './connection-texts.ts'
import { type PageScanner, type Tag, tagOf, unusual } from './page-scanner.ts'

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
/** The elements of a row. The page must know the same ones. */
export const TAGS: ReadonlyMap<string, Tag> = new Map([...TAKEN, ...OTHERS].map((name) => [name, tagOf(name)]))
const TAKEN_TAGS = new Set(TAKEN.map((name) => TAGS.get(name)))
/** The SDK refuses a row that holds one of them twice. */
const BITS: ReadonlyMap<Tag, number> = new Map([...TAGS.values()].map((tag, place) => [tag, 1 << place]))
const CODE = tagOf('code')
/** A row, and a posture status within it. */
export const ITEM = tagOf('item')

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

/** Reads the rows of a page. Most have the form of the row before, so that only their texts are read. */
export class RowReader {
  private readonly page: PageScanner
  private readonly connection: ConnectionTexts
  /** The texts of a row that is read element by element. */
  private texts: RowText[] = []
  /** The elements of the previous row in their order: the guess for the next row. */
  private readonly order: Tag[] = []
  /** The previous row, if nothing but its texts may differ. */
  private form: RowForm | undefined

  constructor(page: PageScanner, connection: ConnectionTexts) {
    this.page = page
    this.connection = connection
  }

  /** Reads the row whose start tag was opened last, and moves past it. */
  read(): Connection {
    const { page, connection, form } = this
    const start = page.at
    if (form === undefined || !this.readAlike(form)) {
      this.readElements()
      const { words } = connection
      // An empty element has no text by which the next row would find it.
      this.form = words.includes('')
        ? undefined
        : { start, texts: this.texts, end: page.at, hasWords: words.length > 0 }
    }
    return connection.made.id === '' ? unusual() : connection.made
  }

  /** Reads a row that differs from the previous one in nothing but its texts. Of another row it reads nothing. */
  private readAlike({ start, texts, end, hasWords }: RowForm): boolean {
    const { page, connection } = this
    const { posture } = connection.made
    connection.begin()
    let { at } = page
    let before = start
    for (const text of texts) {
      const length = text.start - before
      if (!page.same(at, before, length)) return false
      before = text.end
      const begun = at + length
      at = page.textEnd(begun)
      if (text.element !== '') connection.take(text.element, begun, at)
    }
    if (!page.same(at, before, end - before)) return false
    page.at = at + end - before
    if (hasWords) connection.takePosture()
    else connection.made.posture = posture
    return true
  }

  /** Reads a row element by element. */
  private readElements(): void {
    const { page, order } = this
    this.connection.begin()
    this.texts = []
    let seen = 0
    let place = 0
    for (let tag = page.open(order[0]); tag !== undefined; tag = page.open(order[++place])) {
      order[place] = tag
      const bit = BITS.get(tag) ?? 0
      if ((seen & bit) !== 0) return unusual()
      seen |= bit
      if (tag.name === 'status') this.status(tag)
      else if (tag.name === 'postureComplianceStatusSet') this.posture(tag)
      else if (TAKEN_TAGS.has(tag)) this.leaf(tag)
      else this.skip(tag)
    }
    page.close(ITEM)
  }

  /** Reads an element that holds only text. */
  private leaf(tag: Tag): void {
    const { page } = this
    if (page.empty) return
    const start = page.at
    const end = page.leafEnd(tag)
    this.texts.push({ element: tag.name, start, end })
    this.connection.take(tag.name, start, end)
  }

  /** Moves past an element that the row does not take. */
  private skip(tag: Tag): void {
    const { page } = this
    const start = page.at
    if (page.empty) return
    page.skip(tag)
    const end = page.at - tag.bytes.length - 2
    if (page.textEnd(start) === end) this.texts.push({ element: '', start, end })
  }

  private status(tag: Tag): void {
    const { page } = this
    if (page.empty) return
    const seen = new Set<string>()
    for (let child = page.open(CODE); child !== undefined; child = page.open()) {
      if (seen.has(child.name) && (child.name === 'code' || child.name === 'message')) return unusual()
      seen.add(child.name)
      if (child.name === 'code') this.leaf(child)
      else this.skip(child)
    }
    page.close(tag)
  }

  private posture(tag: Tag): void {
    const { page, connection } = this
    if (!page.empty) {
      for (let child = page.open(ITEM); child !== undefined; child = page.open(ITEM)) {
        if (child.name !== 'item') return unusual()
        if (page.empty) connection.words.push('')
        this.leaf(child)
      }
      page.close(tag)
    }
    connection.takePosture()
  }
}
