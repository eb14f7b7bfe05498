import { globMatcher } from './pattern.ts'

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
  const matchers = globs.map(globMatcher)
  globs.forEach((glob, index) => {
    const { end, text } = indexedEnd(glob)
    if (end === 'neither') unindexed.push(index)
    else (end === 'prefix' ? prefixes : suffixes).add(text, index)
  })

  return {
    find(name) {
      const candidates = [
        ...prefixes.find((length) => name.slice(0, length), name.length),
        ...suffixes.find((length) => name.slice(name.length - length), name.length),
        ...unindexed,
      ]
      return candidates.filter((index) => matchers[index]?.(name) === true)
    },
  }
}

/** The literal end by which a glob is found. A glob with `neither` is compared with every name. */
export const indexedEnd = (glob: string): { readonly end: 'prefix' | 'suffix' | 'neither'; readonly text: string } => {
  const [, prefix = '', suffix = ''] = /^([^*?]*).*?([^*?]*)$/su.exec(glob) ?? []
  if (prefix === '' && suffix === '') return { end: 'neither', text: '' }
  return prefix.length >= suffix.length ? { end: 'prefix', text: prefix } : { end: 'suffix', text: suffix }
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
