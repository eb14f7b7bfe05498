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
  const isBackward = globs.map(endsInMore)
  const texts = globs.map((glob, index) => withStarsLast(glob, isBackward[index] === true))
  const trees = [false, true].map((wanted) => {
    const positions = globs.flatMap((_, index) => (isBackward[index] === wanted ? [index] : []))
    return new GlobTree(texts, positions, wanted)
  })

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
const endsInMore = (glob: string): boolean =>
  glob.length - 1 - Math.max(glob.lastIndexOf('*'), glob.lastIndexOf('?')) > glob.search(/[*?]/)

/** The same glob with the star of each run of wildcards behind its question marks, in the direction of reading. */
const withStarsLast = (glob: string, isBackward: boolean): string =>
  /\*[*?]|\?\*/.test(glob)
    ? glob.replace(/[*?]*\*[*?]*/g, (run) => {
        const marks = run.replaceAll('*', '')
        return isBackward ? `*${marks}` : `${marks}*`
      })
    : glob
