import { GlobTree } from './glob-tree.ts'

/** Many globs, searched together. */
export interface GlobIndex {
  /** The positions of all globs that match a folded name, in no particular order. */
  find(name: string): readonly number[]
  /** How many steps a search for a folded name takes. They are counted up to a little more than `most`. */
  steps(name: string, most: number): number
}

/** Each glob is read from the longer of its literal ends: most names do not have it, so that nothing else is compared. */
export const createGlobIndex = (globs: readonly string[]): GlobIndex => {
  const [forward, backward, texts]: [number[], number[], string[]] = [[], [], []]
  globs.forEach((glob, index) => {
    const isBackward = endsInMore(glob)
    texts.push(withStarsLast(glob, isBackward))
    if (isBackward) backward.push(index)
    else forward.push(index)
  })
  const trees = [new GlobTree(texts, forward, false), new GlobTree(texts, backward, true)]

  return {
    find(name) {
      const found: number[] = []
      for (const tree of trees) tree.find(name, found)
      return found
    },
    steps: (name, most) => trees.reduce((steps, tree) => steps + tree.find(name, [], most), 0),
  }
}

/** Whether the text behind the last wildcard is longer than the one before the first. */
const endsInMore = (glob: string): boolean => {
  let [first, last] = [0, glob.length - 1]
  while (first < glob.length && glob[first] !== '*' && glob[first] !== '?') first++
  while (last >= 0 && glob[last] !== '*' && glob[last] !== '?') last--
  return glob.length - 1 - last > first
}

/** The same glob with the star of each run of wildcards behind its question marks, in the direction of reading. */
const withStarsLast = (glob: string, isBackward: boolean): string =>
  /\*[*?]|\?\*/.test(glob)
    ? glob.replace(/[*?]*\*[*?]*/g, (run) => {
        const marks = run.replaceAll('*', '')
        return isBackward ? `*${marks}` : `${marks}*`
      })
    : glob
