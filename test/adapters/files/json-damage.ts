import fc from 'fast-check'

/** Values that a valid file does not hold in most places. */
const ODD: fc.Arbitrary<unknown> = fc.constantFrom(
  null,
  true,
  false,
  -1,
  0,
  0.5,
  1e308,
  -1e308,
  8.64e15,
  8.65e15,
  Number.MAX_SAFE_INTEGER,
  '',
  '__proto__',
  'x'.repeat(10_000),
  '\u0000\u001b[2J',
  [],
  {},
  [null],
  { constructor: { prototype: { polluted: true } } },
)

type Json = Record<string, unknown> | unknown[]

const isTree = (value: unknown): value is Json => typeof value === 'object' && value !== null

/** Every place in a tree: the node that holds it, and its key. */
const placesIn = (tree: Json): readonly (readonly [holder: Record<string, unknown>, key: string])[] =>
  Object.entries(tree).flatMap(([key, value]) => [
    [tree as Record<string, unknown>, key] as const,
    ...(isTree(value) ? placesIn(value) : []),
  ])

const define = (holder: object, key: string, value: unknown) =>
  Object.defineProperty(holder, key, { value, enumerable: true, configurable: true, writable: true })

/** One change of a JSON tree: a value is replaced, removed, renamed, or overwritten with another value of the tree. */
const change = fc.record({
  kind: fc.constantFrom('replace', 'replace', 'remove', 'rename', 'swap'),
  place: fc.nat(),
  other: fc.nat(),
  odd: ODD,
  name: fc.constantFrom('__proto__', 'constructor', '', 'x', '\u0000'),
})

/** The JSON of `text` after one to three changes. */
export const damagedJson = (text: string): fc.Arbitrary<string> =>
  fc.array(change, { minLength: 1, maxLength: 3 }).map((changes) => {
    const tree = JSON.parse(text) as Json
    for (const { kind, place, other, odd, name } of changes) {
      const places = placesIn(tree)
      const [holder, key] = places[place % places.length] ?? [tree as Record<string, unknown>, '']
      const [from, source] = places[other % places.length] ?? [tree as Record<string, unknown>, '']
      const value = holder[key]
      const copy: unknown = isTree(from[source]) ? JSON.parse(JSON.stringify(from[source])) : from[source]
      if (kind === 'replace') define(holder, key, odd)
      else if (kind === 'swap') define(holder, key, copy)
      else Reflect.deleteProperty(holder, key)
      if (kind === 'rename') define(holder, name, value)
    }
    return JSON.stringify(tree)
  })
