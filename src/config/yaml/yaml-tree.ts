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

/** A problem that `plainValue` finds. */
export interface YamlFinding {
  readonly offset: number
  readonly path: Path
  /** Undefined if the parser has already reported the problem. */
  readonly message: string | undefined
  /** Whether the value at the path is unusable, so that no further problem is reported for it. */
  readonly isUnusable: boolean
}

/** Whether the parser reported a fault between two offsets. Calls must be in the order of the text. */
type HasFaultWithin = (from: number, to: number) => boolean

/**
 * The document as plain values; an alias becomes the text that was probably meant. Features of YAML that configuration
 * does not support are reported: tags, anchors, aliases, keys and entries without a value, and duplicate keys, of which
 * the first counts.
 */
export const plainValue = (
  document: Document.Parsed,
  text: string,
  lineOf: (offset: number) => number,
  hasFaultWithin: HasFaultWithin,
  report: (finding: YamlFinding) => void,
): unknown => {
  const check = (node: Node, path: Path) => {
    const start = node.range?.[0] ?? 0
    const isUnusable = !isCollection(node)
    if (node.tag !== undefined) {
      const offset = Math.max(0, text.lastIndexOf('!', start))
      report({
        offset,
        path,
        isUnusable,
        message: 'tags are not supported here: remove the tag, or write the text in quotes',
      })
    }
    const anchor = 'anchor' in node ? node.anchor : undefined
    if (typeof anchor === 'string') {
      const offset = Math.max(0, text.lastIndexOf(`&${anchor}`, start))
      const message = `&${anchor} is a YAML anchor, and anchors are not supported here: remove the anchor, or write the text in quotes`
      report({ offset, path, isUnusable, message })
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
        // The schemas would silently leave it out.
        report({ offset, path, isUnusable: false, message: 'the name __proto__ is not allowed: rename the key' })
        continue
      }
      const first = places.get(name)
      if (first !== undefined) {
        const message = `the key "${name}" is written twice, first on line ${lineOf(first)}: remove one of the two`
        report({ offset, path, isUnusable: false, message })
        continue
      }
      places.set(name, offset)
      if (isOmitted(value)) {
        const message = `the key "${name}" has no value: write one, or remove the key`
        report({ offset, path: [...path, name], isUnusable: true, message })
      } else {
        entries.push([name, valueOf(value, [...path, name])])
      }
    }
    return Object.fromEntries(entries)
  }

  const valueOf = (node: unknown, path: Path): unknown => {
    if (isAlias(node)) {
      const [from, to] = node.range ?? [0, 0]
      const message = hasFaultWithin(from, to)
        ? undefined
        : `*${node.source} is a YAML alias: write it in quotes, "*${node.source}"`
      report({ offset: from, path, isUnusable: true, message })
      return `*${node.source}`
    }
    if (!isNode(node)) return null
    check(node, path)
    if (isMap(node)) return mapOf(node.items, path)
    if (isSeq(node)) {
      return node.items.map((item, index) => {
        if (isOmitted(item)) {
          const offset = (isScalar(item) ? item.range?.[0] : undefined) ?? node.range?.[0] ?? 0
          const message = 'this entry has no value: write one after the dash, or remove the line'
          report({ offset, path: [...path, index], isUnusable: true, message })
        }
        return isPair(item) ? null : valueOf(item, [...path, index])
      })
    }
    const [from, to] = node.range ?? [0, 0]
    if (hasFaultWithin(from, to)) report({ offset: from, path, isUnusable: true, message: undefined })
    return isScalar(node) ? node.value : null
  }

  return valueOf(document.contents, [])
}

/**
 * Whether a value was left out. A written `null` or `~` is a value. A tag or an anchor without a value is reported as
 * such.
 */
const isOmitted = (node: unknown): boolean =>
  node === null ||
  node === undefined ||
  (isScalar(node) && node.value === null && node.source === '' && node.tag === undefined && node.anchor === undefined)

/** The node at a path; undefined if nothing was written there. */
export const nodeAt = (document: Document.Parsed, path: Path): unknown => {
  let node: unknown = document.contents
  for (const step of path) node = pairAt(node, step)?.value ?? itemAt(node, step)
  return node
}

/** The offset of the value at a path, or of its key. For a missing key, the offset of the map that lacks it. */
export const offsetAt = (document: Document.Parsed, path: Path, part: 'key' | 'value'): number => {
  let node: unknown = document.contents
  let offset = startOf(node) ?? 0
  for (const [index, step] of path.entries()) {
    const pair = pairAt(node, step)
    const wantsKey = part === 'key' && index === path.length - 1
    const next = pair === undefined ? itemAt(node, step) : pair.value
    const keyOffset = pair === undefined ? undefined : startOf(pair.key)
    offset = (wantsKey || isOmitted(next) ? keyOffset : undefined) ?? startOf(next) ?? keyOffset ?? offset
    node = next
  }
  return offset
}

const startOf = (node: unknown): number | undefined => (isNode(node) ? (node.range?.[0] ?? undefined) : undefined)

const pairsByKey = new WeakMap<object, ReadonlyMap<string, Pair>>()

/**
 * The pair of a key. It uses an index, because a map of many keys may have a problem in each of them. Of duplicate keys
 * the first counts.
 */
const pairAt = (node: unknown, key: PropertyKey): Pair | undefined => {
  if (!isMap(node)) return undefined
  const known = pairsByKey.get(node)
  const pairs =
    known ??
    new Map([...node.items].reverse().flatMap((pair) => (isScalar(pair.key) ? [[String(pair.key.value), pair]] : [])))
  if (known === undefined) pairsByKey.set(node, pairs)
  return pairs.get(String(key))
}

const itemAt = (node: unknown, index: PropertyKey): unknown =>
  isSeq(node) && typeof index === 'number' ? node.items[index] : undefined
