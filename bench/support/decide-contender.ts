import type { Connection } from '../../src/domain/connection.ts'
import { type Places, placed } from '../../src/domain/snapshot.ts'
import type { Instant } from '../../src/domain/time/instant.ts'
import { createCedar } from './cedar.ts'
import { createCurfew } from './curfew-decides.ts'
import { createHandLoop } from './hand-loop.ts'
import { createJsonRules } from './json-rules.ts'
import { median } from './table.ts'
import { connectionsOf, NOON, type Rule, rulesOf } from './world.ts'

// Usage: node decide-contender.mjs NAME CONNECTIONS POLICIES SNAPSHOTS. Runs one contender and sends its times.
const [, , name = '', connections, policies, snapshots] = process.argv
const PERIOD_MS = 15_000

type Ids = readonly string[]

interface Contender {
  readonly takeIn?: (connections: readonly Connection[], places: Places, begunAt: Instant) => readonly Connection[]
  readonly decide: (connections: readonly Connection[], now: Instant) => Ids | Promise<Ids>
}

const CONTENDERS: Readonly<Record<string, (rules: readonly Rule[]) => Contender>> = {
  curfew: (rules) => createCurfew(rules, true),
  plain: (rules) => createCurfew(rules, false),
  hand: (rules) => ({ decide: createHandLoop(rules) }),
  'json-rules-engine': (rules) => ({ decide: createJsonRules(rules) }),
  'cedar-wasm': (rules) => ({ decide: createCedar(rules) }),
}

const contender = CONTENDERS[name]?.(rulesOf(Number(policies)))
if (contender === undefined)
  throw new Error(`unknown contender "${name}": expected one of ${Object.keys(CONTENDERS).join(', ')}`)

let ended: Ids = []
const timed = async (rows: readonly Connection[], now: Instant): Promise<number> => {
  const startedAt = performance.now()
  ended = await contender.decide(rows, now)
  return performance.now() - startedAt
}

/** The least that a memory of the rows does: a map of them by their ids. */
const timeOfMap = (read: readonly Connection[]): number => {
  const startedAt = performance.now()
  kept = new Map(read.map((row) => [row.id, row]))
  return performance.now() - startedAt
}
let kept: ReadonlyMap<string, Connection> = new Map()

const byId: number[] = []
const takenIn: number[] = []
const next: number[] = []
const again: number[] = []
for (let at = 0; at < Number(snapshots); at++) {
  const read = connectionsOf(Number(connections), at)
  const { places } = placed(read)
  const now = NOON + at * PERIOD_MS
  const startedAt = performance.now()
  const rows = contender.takeIn?.(read, places, now) ?? read
  takenIn.push(performance.now() - startedAt)
  next.push(await timed(rows, now))
  again.push(await timed(rows, now + 1))
  if (contender.takeIn === undefined) byId.push(timeOfMap(read))
}
// In the second half the compiler has optimised the code.
const steady = (ms: readonly number[]) => median(ms.slice(ms.length >> 1))
process.send?.({
  // The first decision includes finding the policies of each principal.
  firstMs: (takenIn[0] ?? 0) + (next[0] ?? 0),
  takeInMs: steady(takenIn),
  mapMs: steady(byId),
  nextMs: steady(next),
  againMs: steady(again),
  ended: [...ended].sort(),
  rows: kept.size,
})
process.disconnect?.()
