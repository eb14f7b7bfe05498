/** The prime of the FNV hash, and its inverse modulo 2^32. */
export const BASE = 0x01000193
export const INVERSE = 0x359c449b

/** A hash of part of a text. */
export const hashOf = (text: string, from = 0, to = text.length): number => {
  let hash = 0
  for (let index = from; index < to; index++) hash = (Math.imul(hash, BASE) + text.charCodeAt(index)) | 0
  return hash
}

/** Remembers hashes in a few bytes. It knows each that was added, and takes about one of a hundred others for known. */
export class HashFilter {
  readonly #bits: Uint32Array
  readonly #mask: number

  constructor(most: number) {
    const size = 2 ** Math.ceil(Math.log2(64 * most + 64))
    this.#bits = new Uint32Array(size / 32)
    this.#mask = size - 1
  }

  add(hash: number): void {
    const bit = this.#bitOf(hash)
    this.#bits[bit >>> 5] = (this.#bits[bit >>> 5] ?? 0) | (1 << (bit & 31))
  }

  has(hash: number): boolean {
    const bit = this.#bitOf(hash)
    return (((this.#bits[bit >>> 5] ?? 0) >>> (bit & 31)) & 1) === 1
  }

  #bitOf(hash: number): number {
    return (hash ^ (hash >>> 15)) & this.#mask
  }
}
