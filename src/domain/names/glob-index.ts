import { matchesGlob } from './pattern.ts'

/** Many globs, searched together. */
interface GlobIndex {
  /** The positions of all globs that match a folded name, in no particular order. */
  find(name: string): readonly number[]
}

/**
 * Each glob is indexed by the longer of its literal ends: `ext-` of `ext-*`, `@vendor.example` of `*@vendor.example`.
 * A name is then compared only with the globs that share one of its own beginnings or ends, not with thousands.
 */
export const createGlobIndex = (globs: readonly string[]): GlobIndex => {
  const prefixes = new EndIndex()
  const suffixes = new EndIndex()
  const unindexed: number[] = []
  globs.forEach((glob, index) => {
    const [, prefix = '', suffix = ''] = /^([^*?]*).*?([^*?]*)$/su.exec(glob) ?? []
    if (prefix === '' && suffix === '') unindexed.push(index)
    else if (prefix.length >= suffix.length) prefixes.add(prefix, index)
    else suffixes.add(suffix, index)
  })

  return {
    find(name) {
      const candidates = [
        ...prefixes.find((length) => name.slice(0, length), name.length),
        ...suffixes.find((length) => name.slice(name.length - length), name.length),
        ...unindexed,
      ]
      return candidates.filter((index) => matchesGlob(globs[index] ?? '', name))
    },
  }
}

/** Positions by literal end, and the set of lengths that these ends have: a look-up tries each length once. */
class EndIndex {
  readonly #positions = new Map<string, number[]>()
  readonly #lengths = new Set<number>()

  add(end: string, index: number): void {
    this.#lengths.add(end.length)
    if (this.#positions.get(end)?.push(index) === undefined) this.#positions.set(end, [index])
  }

  *find(endOf: (length: number) => string, longest: number): Iterable<number> {
    for (const length of this.#lengths) {
      if (length <= longest) yield* this.#positions.get(endOf(length)) ?? []
    }
  }
}
