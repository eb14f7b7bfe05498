import { matchesGlob } from './pattern.ts'

/** Many globs, looked up at once. */
export interface GlobIndex {
  /** The positions of the globs that match a folded name, in no certain order. */
  find(name: string): readonly number[]
}

/**
 * Globs are filed under the longer of their literal ends (`ext-` of `ext-*`, `@vendor.example` of `*@vendor.example`):
 * a name is compared only with those filed under one of its own beginnings or ends, not with all of thousands.
 */
export const createGlobIndex = (globs: readonly string[]): GlobIndex => {
  const heads = new Drawer()
  const tails = new Drawer()
  const anywhere: number[] = []
  globs.forEach((glob, index) => {
    const [, head = '', tail = ''] = /^([^*?]*).*?([^*?]*)$/su.exec(glob) ?? []
    if (head === '' && tail === '') anywhere.push(index)
    else if (head.length >= tail.length) heads.file(head, index)
    else tails.file(tail, index)
  })

  return {
    find(name) {
      const candidates = [
        ...heads.under((length) => name.slice(0, length), name.length),
        ...tails.under((length) => name.slice(name.length - length), name.length),
        ...anywhere,
      ]
      return candidates.filter((index) => matchesGlob(globs[index] ?? '', name))
    },
  }
}

/** Positions filed under texts, and which lengths such texts have. */
class Drawer {
  readonly #filed = new Map<string, number[]>()
  readonly #lengths = new Set<number>()

  file(text: string, index: number): void {
    this.#lengths.add(text.length)
    if (this.#filed.get(text)?.push(index) === undefined) this.#filed.set(text, [index])
  }

  *under(end: (length: number) => string, longest: number): Iterable<number> {
    for (const length of this.#lengths) {
      if (length <= longest) yield* this.#filed.get(end(length)) ?? []
    }
  }
}
