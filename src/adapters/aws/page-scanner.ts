import { isAscii } from 'node:buffer'

/** The page is not written as EC2 writes it: it is left to those who know all of XML. */
export class Unusual extends Error {}

export const unusual = (): never => {
  throw new Unusual()
}

/** An element's name, and the bytes that follow the `<` where it begins and the `</` where it ends. */
export interface Tag {
  readonly name: string
  readonly bytes: Uint8Array
}

export const tagOf = (name: string): Tag => ({ name, bytes: Buffer.from(`${name}>`, 'latin1') })

const ENTITIES: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" }

const [TAB, NEWLINE, SPACE, SLASH, LESS, GREATER] = [9, 10, 32, 47, 60, 62]

/** Far deeper than any row: what lies deeper is for those who need no stack to look at it. */
const DEEPEST = 64

/** How many short texts are compared with before one is read anew. */
const MOST_WORDS = 16

/** Reads elements without attributes from a page, forwards and a byte at a time: no text is made but what is kept. */
export class PageScanner {
  readonly bytes: Buffer
  at: number
  /** Whether the element that was opened last ended there and then. */
  empty = false
  private readonly tags: Map<string, Tag>
  private readonly encoding: 'latin1' | 'utf8'
  private readonly entities: boolean
  private readonly words: { readonly bytes: Buffer; readonly word: string }[] = []

  constructor(bytes: Buffer, at: number, tags: ReadonlyMap<string, Tag>) {
    this.bytes = bytes
    this.at = at
    this.tags = new Map(tags)
    this.encoding = isAscii(bytes) ? 'latin1' : 'utf8'
    this.entities = bytes.includes('&')
  }

  /** The element that begins here, past white space; undefined where its parent ends. Moves past the `>`. `guess`: the one that it will be, if the rows are alike. */
  open(guess?: Tag): Tag | undefined {
    const { bytes } = this
    const start = this.at
    let at = start
    let line = false
    let byte = bytes[at]
    while (byte === SPACE || byte === NEWLINE || byte === TAB) {
      line ||= byte === NEWLINE
      byte = bytes[++at]
    }
    // The SDK takes white space without a line end for content, and loses the list around it.
    if (byte !== LESS || (at > start && !line)) return unusual()
    this.at = at
    if (bytes[at + 1] === SLASH) return undefined
    if (guess !== undefined && this.holds(at + 1, guess.bytes)) {
      this.empty = false
      this.at = at + 1 + guess.bytes.length
      return guess
    }
    const end = bytes.indexOf(GREATER, at)
    if (end === -1) return unusual()
    this.empty = bytes[end - 1] === SLASH
    const name = bytes.toString('latin1', at + 1, this.empty ? end - 1 : end)
    this.at = end + 1
    const known = this.tags.get(name)
    if (known !== undefined) return known
    // A name that holds anything but letters has attributes, or is none.
    if (!/^\w+$/.test(name)) return unusual()
    const tag = tagOf(name)
    this.tags.set(name, tag)
    return tag
  }

  /** Past the end of an element, which is here. */
  close({ bytes }: Tag): void {
    if (!this.holds(this.at + 2, bytes)) return unusual()
    this.at += 2 + bytes.length
  }

  /** Past an element that holds nothing but text; returns where the text ends. */
  leafEnd(tag: Tag): number {
    const { bytes } = this
    const { length } = bytes
    let at = this.at
    while (at < length && bytes[at] !== LESS) at++
    if (bytes[at + 1] !== SLASH) return unusual()
    this.at = at
    this.close(tag)
    return at
  }

  /** The text of an element that was opened last and holds nothing else. */
  text(tag: Tag): string {
    if (this.empty) return ''
    const start = this.at
    return this.copy(start, this.leafEnd(tag))
  }

  /** As `text`, of which a page has few different ones: one string for all places that hold the same. */
  word(tag: Tag): string {
    if (this.empty) return ''
    const start = this.at
    const end = this.leafEnd(tag)
    for (const { bytes, word } of this.words) {
      if (bytes.length === end - start && this.holds(start, bytes)) return word
    }
    const word = this.copy(start, end)
    if (this.words.length < MOST_WORDS) this.words.push({ bytes: this.bytes.subarray(start, end), word })
    return word
  }

  /** Past an element that nobody reads, and all that is in it. */
  skip(tag: Tag, depth = 0): void {
    const { bytes } = this
    if (this.empty) return
    if (depth > DEEPEST) return unusual()
    const first = bytes[this.at]
    if (first !== LESS && first !== SPACE && first !== NEWLINE && first !== TAB) {
      this.leafEnd(tag)
      return
    }
    const next = bytes.indexOf(LESS, this.at)
    if (next !== -1 && bytes[next + 1] === SLASH) {
      this.at = next
      return this.close(tag)
    }
    for (let child = this.open(); child !== undefined; child = this.open()) this.skip(child, depth + 1)
    this.close(tag)
  }

  /** Decoded, and a string of its own. */
  copy(start: number, end: number): string {
    const copy = this.bytes.toString(this.encoding, start, end)
    if (copy.includes('\n')) return unusual()
    if (!this.entities || !copy.includes('&')) return copy
    return copy.replace(/&(?:(\w+);)?/g, (_all: string, name: string | undefined) => ENTITIES[name ?? ''] ?? unusual())
  }

  /** Whether two stretches of the page are the same. */
  same(one: number, other: number, length: number): boolean {
    const { bytes } = this
    for (let at = 0; at < length; at++) if (bytes[one + at] !== bytes[other + at]) return false
    return true
  }

  private holds(from: number, wanted: Uint8Array): boolean {
    const { bytes } = this
    const { length } = wanted
    for (let at = 0; at < length; at++) if (bytes[from + at] !== wanted[at]) return false
    return true
  }
}
