import { RE2JSCompileException, RE2Set } from 're2js'
import { createGlobIndex } from '../src/domain/names/glob-index.ts'
import { matchesGlob } from '../src/domain/names/pattern.ts'
import { createUserList, principalNamesOf } from '../src/domain/names/user-list.ts'
import { median, type Options, ratio, rounded, type Table } from './support/table.ts'

/** A list, and how many names the slow contenders can compare with it in a run. */
interface Contest {
  readonly list: string
  readonly patterns: readonly string[]
  readonly names: number
  readonly namesForRe2: number
}

const LETTERS = 'abcdefghijklmnopqrstuvwxyz0123456789'

/** Texts that are different and always the same ones. */
const createTexts = () => {
  let seed = 1
  const letter = () => {
    seed = (Math.imul(seed, 1_103_515_245) + 12_345) >>> 0
    return LETTERS[seed >>> 26] ?? 'x'
  }
  return (length: number) => Array.from({ length }, letter).join('')
}

const text = createTexts()

const different = (count: number, make: () => string): readonly string[] => {
  const all = new Set<string>()
  while (all.size < count) all.add(make())
  return [...all]
}

const contests = (quick: boolean): readonly Contest[] => {
  const shortEnds = (count: number, names: number, namesForRe2: number): Contest => ({
    list: `${count} patterns with short ends`,
    patterns: different(count, () => `${text(2)}*${text(3)}`),
    names,
    namesForRe2,
  })
  const infixes = (count: number, names: number, namesForRe2: number): Contest => ({
    list: `${count} infixes`,
    patterns: different(count, () => `*${text(6)}*`),
    names,
    namesForRe2,
  })
  return [
    ...(quick
      ? [shortEnds(2_000, 100, 2), infixes(2_000, 20, 2)]
      : [shortEnds(200_000, 100, 1), shortEnds(20_000, 100, 5), infixes(200_000, 20, 1), infixes(20_000, 20, 2)]),
    {
      list: '5000 infixes',
      patterns: different(5_000, () => `*${text(3)}*`),
      names: quick ? 20 : 200,
      namesForRe2: quick ? 2 : 20,
    },
    {
      list: '500 beginnings and ends',
      patterns: [...different(250, () => `ext-${text(4)}-*`), ...different(250, () => `*@${text(6)}.example`)],
      names: 2_000,
      namesForRe2: 2_000,
    },
    { list: '10000 bans', patterns: different(10_000, () => `${text(9)}@corp.example`), names: 200, namesForRe2: 200 },
  ]
}

const cpuUs = (work: () => void): number => {
  const before = process.cpuUsage()
  work()
  const { user, system } = process.cpuUsage(before)
  return user + system
}

type Find = (name: string) => readonly number[]

/** The microseconds of making an index, of each name, and of each name once more. All contenders must find the same. */
const measure = (make: () => Find, names: readonly string[]) => {
  let find: Find = () => []
  const madeUs = cpuUs(() => {
    find = make()
    find('')
  })
  let found: readonly (readonly number[])[] = []
  const us = cpuUs(() => {
    found = names.map(find)
  })
  const againUs = cpuUs(() => {
    for (const name of names) find(name)
  })
  return {
    madeUs,
    us: us / names.length,
    againUs: againUs / names.length,
    found: JSON.stringify(found.map((one) => [...one].sort((a, b) => a - b))),
  }
}

/** RE2 limits the size of an automaton, and refuses a longer list. */
const orRefused = <Made>(make: () => Made): Made | undefined => {
  try {
    return make()
  } catch (error) {
    if (error instanceof RE2JSCompileException) return undefined
    throw error
  }
}

const expressionOf = (glob: string) =>
  glob
    .replace(/[.+^${}()|[\]\\]/g, '\\$&')
    .replaceAll('*', '.*')
    .replaceAll('?', '.')

const re2Of = (patterns: readonly string[]) => (): Find => {
  const set = new RE2Set(RE2Set.ANCHOR_BOTH)
  for (const glob of patterns) set.add(expressionOf(glob))
  set.compile()
  return (name) => set.match(name)
}

const handOf = (patterns: readonly string[]) => (): Find => (name) =>
  patterns.flatMap((glob, index) => (matchesGlob(glob, name) ? [index] : []))

const curfewOf = (patterns: readonly string[]) => (): Find => {
  if (patterns.some((pattern) => /[*?]/.test(pattern))) return createGlobIndex(patterns).find
  const entries = patterns.map((source, index) => ({
    pattern: { source, field: 'either' as const, text: source, exact: true },
    index,
  }))
  const list = createUserList(entries, 'either')
  return (name) => list.find(principalNamesOf({ username: name, commonName: undefined })).map(({ index }) => index)
}

/** The lower bound: a look-up of the whole name, which finds no pattern. */
const floorOf = (patterns: readonly string[]) => (): Find => {
  const whole = new Map(patterns.map((pattern, index) => [pattern, [index]]))
  return (name) => whole.get(name) ?? []
}

const NAMES = 2_000

/** Long lists of patterns beside a comparison with each pattern, and beside a set of the expressions of RE2. */
export const lists = async ({ quick, rounds }: Options): Promise<readonly Table[]> => {
  const rows = contests(quick).map(({ list, patterns, names: count, namesForRe2 }) => {
    const named = (index: number) =>
      index % 3 === 0
        ? (patterns[(index * 97) % patterns.length] ?? '').replaceAll('*', text(2))
        : `${text(5)}.${text(7)}@corp.example`
    const names = Array.from({ length: NAMES }, (_, index) => named(index))
    const measured = Array.from({ length: rounds }, () => {
      const beside = (make: () => Find, few: readonly string[]) => {
        const other = orRefused(() => measure(make, few))
        if (other === undefined) return undefined
        const { found } = measure(curfewOf(patterns), few)
        if (other.found !== found) throw new Error(`Curfew and another contender find different patterns: ${list}`)
        return other
      }
      return {
        curfew: measure(curfewOf(patterns), names),
        floor: measure(floorOf(patterns), names),
        hand: beside(handOf(patterns), names.slice(0, count)),
        re2: beside(re2Of(patterns), names.slice(0, namesForRe2)),
      }
    })
    const us = (of: (one: (typeof measured)[number]) => number | undefined) =>
      median(measured.map((one) => of(one) ?? Number.NaN))
    const curfewUs = us(({ curfew }) => curfew.us)
    const re2Us = us(({ re2 }) => re2?.us)
    return {
      list,
      'made in, ms': rounded(us(({ curfew }) => curfew.madeUs) / 1000),
      'Curfew, µs a name': rounded(curfewUs),
      'the same names again': rounded(us(({ curfew }) => curfew.againUs)),
      'floor: a look-up': rounded(us(({ floor }) => floor.us)),
      'hand loop': rounded(us(({ hand }) => hand?.us)),
      'hand to Curfew': ratio(
        us(({ hand }) => hand?.us),
        curfewUs,
      ),
      'RE2Set made in, ms': Number.isNaN(re2Us) ? 'refused' : rounded(us(({ re2 }) => re2?.madeUs) / 1000),
      'RE2Set, µs a name': Number.isNaN(re2Us) ? '' : rounded(re2Us),
      'RE2Set to Curfew': Number.isNaN(re2Us) ? '' : ratio(re2Us, curfewUs),
    }
  })
  return [{ title: 'lists: one name compared with all patterns, CPU time', rows }]
}
