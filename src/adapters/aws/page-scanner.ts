import { isAscii } from 'node:buffer'
import { characterOf } from './xml-references.ts'

/** The page is not written as EC2 writes it. It is left to the SDK, which reads all of XML. */
export class Unusual extends Error {}

export const unusual = (): never => {
  throw new Unusual()
}

/** An element's name. `bytes` is `name>`: it follows the `<` of the start tag and the `</` of the end tag. */
export interface Tag {
  readonly name: string
  readonly bytes: Uint8Array
}

export const tagOf = (name: string): Tag => ({ name, bytes: Buffer.from(`${name}>`, 'latin1') })

const [TAB, NEWLINE, SPACE, SLASH, LESS, GREATER] = [9, 10, 32, 47, 60, 62]

/** Far deeper than any row. `skip` recurses, so deeper pages are left to the check that needs no call stack. */
const DEEPEST = 64

/** The size of the cache of short texts. `word` compares with each of them. */
const MOST_WORDS = 16

/** Reads elements without attributes from a page, forwards, byte by byte. Makes strings only of text that it keeps. */
export class PageScanner {
  readonly bytes: Buffer
  at: number
  /** Whether the element that was opened last was an empty tag, such as `<name/>`. */
  empty = false
  private readonly view: DataView
  private readonly tags: Map<string, Tag>
  private readonly encoding: 'latin1' | 'utf8'
  private readonly entities: boolean
  /** Never empty: an array that begins without objects is another kind to V8, and code for it is compiled again and again. */
  private readonly words: { readonly bytes: Buffer; readonly word: string }[] = [{ bytes: Buffer.alloc(0), word: '' }]

  constructor(bytes: Buffer, at: number, tags: ReadonlyMap<string, Tag>) {
    this.bytes = bytes
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
    this.at = at
    this.tags = new Map(tags)
    this.encoding = isAscii(bytes) ? 'latin1' : 'utf8'
    this.entities = bytes.includes('&')
  }

  /**
   * The element that begins here, after white space, or undefined where its parent ends. Moves past the `>`. `guess` is
   * the element that comes here in the previous row: comparing with it is faster than reading the name.
   */
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
    // The SDK reads white space without a line end as content, and then loses the list around it.
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
    // Any other text is not a plain name: for example, it has attributes.
    if (!/^\w+$/.test(name)) return unusual()
    const tag = tagOf(name)
    this.tags.set(name, tag)
    return tag
  }

  /** Moves past the end tag of an element, which must be here. */
  close({ bytes }: Tag): void {
    if (!this.holds(this.at + 2, bytes)) return unusual()
    this.at += 2 + bytes.length
  }

  /** Moves past an element that holds only text. Returns the end of the text. */
  leafEnd(tag: Tag): number {
    const at = this.textEnd(this.at)
    if (this.bytes[at + 1] !== SLASH) return unusual()
    this.at = at
    this.close(tag)
    return at
  }

  /** The place of the next tag. */
  textEnd(start: number): number {
    const { bytes } = this
    const { length } = bytes
    let at = start
    while (at < length && bytes[at] !== LESS) at++
    return at
  }

  /** The text of the element that was opened last. The element must hold only text. */
  text(tag: Tag): string {
    if (this.empty) return ''
    const start = this.at
    return this.copy(start, this.leafEnd(tag))
  }

  /** As `copy`, for elements with few different texts on a page. Equal texts share one string. */
  word(start: number, end: number): string {
    for (const { bytes, word } of this.words) {
      if (bytes.length === end - start && this.holds(start, bytes)) return word
    }
    const word = this.copy(start, end)
    if (this.words.length < MOST_WORDS) this.words.push({ bytes: this.bytes.subarray(start, end), word })
    return word
  }

  /** Moves past an element and everything in it. */
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

  /** The decoded text of a part of the page. */
  copy(start: number, end: number): string {
    const copy = this.bytes.toString(this.encoding, start, end)
    if (copy.includes('\n')) return unusual()
    if (!this.entities || !copy.includes('&')) return copy
    return copy.replace(/&(?:(#?\w+);)?/g, (_all: string, reference: string | undefined) => {
      const character = characterOf(reference ?? '')
      // The SDK reads text of white space alone in its own way.
      return character === undefined || /\s/.test(character) ? unusual() : character
    })
  }

  /** Whether two parts of the page hold the same bytes. Most of a page is compared here, so that it is done four by four. */
  same(one: number, other: number, length: number): boolean {
    const { bytes, view } = this
    if (Math.max(one, other) + length > bytes.length) return false
    let at = 0
    for (; at + 4 <= length; at += 4) if (view.getUint32(one + at) !== view.getUint32(other + at)) return false
    for (; at < length; at++) if (bytes[one + at] !== bytes[other + at]) return false
    return true
  }

  private holds(from: number, wanted: Uint8Array): boolean {
    const { bytes } = this
    const { length } = wanted
    for (let at = 0; at < length; at++) if (bytes[from + at] !== wanted[at]) return false
    return true
  }
}
