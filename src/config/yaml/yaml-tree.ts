import {
  type Document,
  isAlias,
  isCollection,
  isMap,
  isNode,
  isPair,
  isScalar,
  isSeq,
  type Node,
  type Pair,
} from 'yaml'

export type Path = readonly PropertyKey[]

/** What `plainValue` finds on its way. `spoilt` says that the value at the path cannot be judged any further. */
export interface YamlFinding {
  readonly offset: number
  readonly path: Path
  readonly message: string | undefined
  readonly spoilt: boolean
}

/** Whether a fault of the parser lies within a stretch of the text. */
export type FaultWithin = (from: number, to: number) => boolean

/**
 * The document as plain values, an alias as the text that was meant. Whatever the policy language leaves out of YAML is
 * reported: tags, anchors, aliases, keys and entries without a value; duplicate keys too (the first one counts).
 */
export const plainValue = (
  document: Document.Parsed,
  text: string,
  lineOf: (offset: number) => number,
  faultWithin: FaultWithin,
  found: (finding: YamlFinding) => void,
): unknown => {
  const check = (node: Node, path: Path) => {
    const start = node.range?.[0] ?? 0
    const spoilt = !isCollection(node)
    if (node.tag !== undefined) {
      const offset = Math.max(0, text.lastIndexOf('!', start))
      found({ offset, path, spoilt, message: 'a tag has no meaning here: remove it, or write the text in quotes' })
    }
    const anchor = 'anchor' in node ? node.anchor : undefined
    if (typeof anchor === 'string') {
      const offset = Math.max(0, text.lastIndexOf(`&${anchor}`, start))
      const message = `&${anchor} reads as a YAML anchor, which has no meaning here: remove it, or write the text in quotes`
      found({ offset, path, spoilt, message })
    }
  }

  const mapOf = (pairs: readonly Pair[], path: Path) => {
    const entries: [string, unknown][] = []
    const places = new Map<string, number>()
    for (const { key, value } of pairs) {
      if (!isScalar(key)) continue
      check(key, path)
      const offset = key.range?.[0] ?? 0
      const name = String(key.value)
      if (name === '__proto__') {
        // The schemas would leave it out without a word.
        found({ offset, path, spoilt: false, message: 'nothing can be called __proto__ here: rename the key' })
        continue
      }
      const first = places.get(name)
      if (first !== undefined) {
        const message = `the key "${name}" is written twice, first on line ${lineOf(first)}: remove one of the two`
        found({ offset, path, spoilt: false, message })
        continue
      }
      places.set(name, offset)
      if (isNothing(value)) {
        const message = `the key "${name}" has no value: write one, or remove the key`
        found({ offset, path: [...path, name], spoilt: true, message })
      } else {
        entries.push([name, plain(value, [...path, name])])
      }
    }
    return Object.fromEntries(entries)
  }

  const plain = (node: unknown, path: Path): unknown => {
    if (isAlias(node)) {
      const [from, to] = node.range ?? [0, 0]
      const message = faultWithin(from, to)
        ? undefined
        : `*${node.source} reads as a YAML alias: write it in quotes, "*${node.source}"`
      found({ offset: from, path, spoilt: true, message })
      return `*${node.source}`
    }
    if (!isNode(node)) return null
    check(node, path)
    if (isMap(node)) return mapOf(node.items, path)
    if (isSeq(node)) {
      return node.items.map((item, index) => {
        if (isNothing(item)) {
          const offset = (isScalar(item) ? item.range?.[0] : undefined) ?? node.range?.[0] ?? 0
          const message = 'an entry without a value: write it after the dash, or remove the line'
          found({ offset, path: [...path, index], spoilt: true, message })
        }
        return isPair(item) ? null : plain(item, [...path, index])
      })
    }
    const [from, to] = node.range ?? [0, 0]
    if (faultWithin(from, to)) found({ offset: from, path, spoilt: true, message: undefined })
    return isScalar(node) ? node.value : null
  }

  return plain(document.contents, [])
}

/** A value that was left out, as opposed to a written `null` or `~`; one with a tag or an anchor is reported for that. */
const isNothing = (node: unknown): boolean =>
  node === null ||
  node === undefined ||
  (isScalar(node) && node.value === null && node.source === '' && node.tag === undefined && node.anchor === undefined)

/** The node at a path; undefined where nothing was written. */
export const nodeAt = (document: Document.Parsed, path: Path): unknown => {
  let node: unknown = document.contents
  for (const step of path) node = pairAt(node, step)?.value ?? itemAt(node, step)
  return node
}

/** Where the value at a path begins, or its key. What is missing lies where the map that lacks it begins. */
export const offsetAt = (document: Document.Parsed, path: Path, which: 'key' | 'value'): number => {
  let node: unknown = document.contents
  let offset = startOf(node) ?? 0
  for (const [index, step] of path.entries()) {
    const pair = pairAt(node, step)
    const wantsKey = which === 'key' && index === path.length - 1
    const next = pair === undefined ? itemAt(node, step) : pair.value
    const keyOffset = pair === undefined ? undefined : startOf(pair.key)
    offset = (wantsKey || isNothing(next) ? keyOffset : undefined) ?? startOf(next) ?? keyOffset ?? offset
    node = next
  }
  return offset
}

const startOf = (node: unknown): number | undefined => (isNode(node) ? (node.range?.[0] ?? undefined) : undefined)

const indexes = new WeakMap<object, ReadonlyMap<string, Pair>>()

/** By look-up: a map of many keys may have a problem in each of them. Of a duplicate key the first one counts. */
const pairAt = (node: unknown, key: PropertyKey): Pair | undefined => {
  if (!isMap(node)) return undefined
  const known = indexes.get(node)
  const index =
    known ??
    new Map([...node.items].reverse().flatMap((pair) => (isScalar(pair.key) ? [[String(pair.key.value), pair]] : [])))
  if (known === undefined) indexes.set(node, index)
  return index.get(String(key))
}

const itemAt = (node: unknown, index: PropertyKey): unknown =>
  isSeq(node) && typeof index === 'number' ? node.items[index] : undefined
