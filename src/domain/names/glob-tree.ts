import { matchesGlob } from './pattern.ts'

const STAR = '*'.charCodeAt(0)
const ANY = '?'.charCodeAt(0)

/** So many globs after a star are compared sooner than each position of the name is tried. */
const FEW = 4

/** A branch of the tree, or the position of the only glob that is left. */
type Node = Branch | number

/** Globs that are the same up to `depth`. */
class Branch {
  readonly depth: number
  /** The globs, until they are divided by what follows. */
  undivided: number[] | undefined
  /** One of them, for the text from `depth` on in which all are the same, and where that text ends. */
  first = 0
  sharedUntil: number
  /** The globs that end there. */
  ends: number[] | undefined
  /** What follows there: a star, a question mark, or a character by its code. */
  star: Node | undefined
  any: Node | undefined
  literals: Map<number, Node> | undefined
  /** The last search that came here after a star. */
  search = 0

  constructor(depth: number, globs: number[]) {
    this.depth = depth
    this.undivided = globs
    this.sharedUntil = depth
  }
}

/**
 * Many globs as one automaton: a tree of their characters, which a name walks along for all globs at once. After a star the
 * walk begins again at each position of the name. A branch is divided when a name first gets there. So a long list costs
 * nothing before it is searched, and a search never more than a comparison with each glob.
 */
export class GlobTree {
  readonly #globs: readonly string[]
  readonly #isBackward: boolean
  readonly #root: Branch | undefined
  /** The last search that compared each glob. */
  readonly #compared: Float64Array
  #search = 0
  #name = ''
  #found: number[] = []
  #steps = 0
  #mostSteps = Number.POSITIVE_INFINITY

  /**
   * The globs at these positions. In each run of wildcards one star at most stands behind the question marks. `isBackward`:
   * globs and names are read from their ends, and runs of wildcards are so too.
   */
  constructor(globs: readonly string[], positions: number[], isBackward: boolean) {
    this.#globs = globs
    this.#isBackward = isBackward
    this.#root = positions.length === 0 ? undefined : new Branch(0, positions)
    this.#compared = new Float64Array(positions.length === 0 ? 0 : globs.length)
  }

  /**
   * Adds the positions of all globs that match a folded name to `found`, in no particular order. Returns the number of
   * steps. After more than `mostSteps` it gives up.
   */
  find(name: string, found: number[], mostSteps = Number.POSITIVE_INFINITY): number {
    if (this.#root === undefined) return 0
    this.#search++
    this.#name = name
    this.#found = found
    this.#steps = 0
    this.#mostSteps = mostSteps
    this.#enter(this.#root, 0)
    return this.#steps
  }

  #enter(node: Node, from: number): void {
    if (++this.#steps > this.#mostSteps) return
    if (typeof node === 'number') return this.#compare(node)
    if (node.undivided !== undefined) this.#divide(node, node.undivided, this.#sharedUntil(node))
    if (!this.#continues(node, from)) return
    const at = from + node.sharedUntil - node.depth
    if (node.star !== undefined) this.#enterAfterStar(node.star, at)
    if (at === this.#name.length) return this.#add(node)
    const literal = node.literals?.get(this.#codeAt(this.#name, at))
    if (literal !== undefined) this.#enter(literal, at + 1)
    if (node.any !== undefined) this.#enter(node.any, at + this.#widthAt(at))
  }

  /** Of all positions of a name at which a star may end, the earliest leaves the most choice. It is always the first. */
  #enterAfterStar(node: Node, from: number): void {
    this.#steps++
    if (typeof node === 'number') return this.#compare(node)
    if (node.search === this.#search) return
    node.search = this.#search
    if (node.undivided !== undefined) {
      if (node.undivided.length <= FEW) {
        this.#steps += node.undivided.length
        for (const index of node.undivided) this.#compare(index)
        return
      }
      this.#divide(node, node.undivided, node.depth)
    }
    this.#add(node)
    if (node.literals === undefined) return
    for (let at = from; at < this.#name.length && this.#steps <= this.#mostSteps; at += this.#widthAt(at)) {
      this.#steps++
      const literal = node.literals.get(this.#codeAt(this.#name, at))
      if (literal !== undefined) this.#enter(literal, at + 1)
    }
  }

  /** Compares the whole name, once in each search. */
  #compare(index: number): void {
    if (this.#compared[index] === this.#search) return
    this.#compared[index] = this.#search
    if (matchesGlob(this.#globs[index] ?? '', this.#name)) this.#found.push(index)
  }

  #add({ ends }: Branch): void {
    if (ends === undefined) return
    this.#steps += ends.length
    for (const index of ends) this.#found.push(index)
  }

  #divide(branch: Branch, globs: readonly number[], at: number): void {
    branch.undivided = undefined
    branch.first = globs[0] ?? 0
    branch.sharedUntil = at
    for (const index of globs) {
      const glob = this.#globs[index] ?? ''
      const code = this.#codeAt(glob, at)
      if (at === glob.length) {
        branch.ends ??= []
        branch.ends.push(index)
      } else if (code === STAR) {
        branch.star = joined(branch.star, index, at + 1)
      } else if (code === ANY) {
        branch.any = joined(branch.any, index, at + 1)
      } else {
        branch.literals ??= new Map()
        const known = branch.literals.get(code)
        const node = joined(known, index, at + 1)
        if (node !== known) branch.literals.set(code, node)
      }
    }
  }

  /** The end of the text that all globs of a branch share from its depth on. */
  #sharedUntil({ depth, undivided: globs = [] }: Branch): number {
    const first = this.#globs[globs[0] ?? 0] ?? ''
    let until = depth
    for (; until < first.length; until++) {
      const code = this.#codeAt(first, until)
      if (code === STAR || code === ANY) break
    }
    for (const index of globs) {
      const glob = this.#globs[index] ?? ''
      let at = depth
      while (at < until && at < glob.length && this.#codeAt(glob, at) === this.#codeAt(first, at)) at++
      until = at
      if (until === depth) break
    }
    return until
  }

  /** Whether the name goes on with the text that all globs of a branch share. */
  #continues({ first, depth, sharedUntil }: Branch, from: number): boolean {
    if (from + sharedUntil - depth > this.#name.length) return false
    const glob = this.#globs[first] ?? ''
    for (let at = depth; at < sharedUntil; at++) {
      if (this.#codeAt(glob, at) !== this.#codeAt(this.#name, from + at - depth)) return false
    }
    return true
  }

  #codeAt(text: string, at: number): number {
    return text.charCodeAt(this.#isBackward ? text.length - 1 - at : at)
  }

  /** Two for a character that is a pair of surrogates. */
  #widthAt(at: number): number {
    const code = this.#codeAt(this.#name, at)
    if (code < 0xd800 || code > 0xdfff) return 1
    const begin = this.#isBackward ? this.#name.length - 2 - at : at
    return (this.#name.codePointAt(begin) ?? 0) > 0xffff ? 2 : 1
  }
}

const joined = (node: Node | undefined, index: number, depth: number): Node => {
  if (node === undefined) return index
  if (typeof node === 'number') return new Branch(depth, [node, index])
  node.undivided?.push(index)
  return node
}
