import { parseArgs } from 'node:util'
import fc from 'fast-check'
import { fleetScenario } from './fleet-scenario.ts'
import { liveAsFleet } from './fleet-world.ts'
import { scenario } from './scenario.ts'
import { live, type Outcome } from './world.ts'

// npm run test:world -- [--cycles N] [--seed N] [--first] [--shrink-seconds N] [--replicas] Runs worlds until they have
// had N cycles or a promise is broken. Then it searches for the smallest world that breaks the promise, for at most the
// given seconds; with --first it does not search. With --replicas each world has several replicas and their database.
const { values } = parseArgs({
  options: {
    cycles: { type: 'string', default: '20000' },
    seed: { type: 'string', default: String(Date.now() % 1e9) },
    first: { type: 'boolean', default: false },
    'shrink-seconds': { type: 'string', default: '180' },
    replicas: { type: 'boolean', default: false },
  },
})
/** The number of worlds with one seed. It is small, so that the seed identifies a broken world. */
const BATCH = 10
/** How many lines of a broken world's log are printed. */
const LINES = 60

const cyclesToRun = Number(values.cycles)
let seed = Number(values.seed)
const sum = { worlds: 0, cycles: 0, calls: 0, ended: 0, kills: 0 }
const startedAt = performance.now()
let promise: string | undefined

/** A sort of worlds, and how to live in one. */
interface Sort<World> {
  readonly worlds: fc.Arbitrary<World>
  readonly live: (world: World, keepLog?: boolean) => Promise<Outcome>
  /** The world without each of its happenings. */
  readonly without: ReadonlyArray<(world: World) => readonly World[]>
}

/** The world without one entry of a list, for each entry. */
const withoutEach =
  <Key extends string, Entry>(key: Key) =>
  <World extends Readonly<Record<Key, readonly Entry[]>>>(world: World): readonly World[] =>
    world[key].map((entry) => ({ ...world, [key]: world[key].filter((one) => one !== entry) }))

/** Removes the happenings that the broken promise does not need. Every generated world has at least twenty. */
const withoutIdleHappenings = async <World>({ live: liveIn, without }: Sort<World>, world: World): Promise<World> => {
  let needed = world
  for (const remove of without) {
    for (let index = 0; ; ) {
      const smaller = remove(needed)[index]
      if (smaller === undefined) break
      const { broken } = await liveIn(smaller)
      if (broken?.promise === promise) needed = smaller
      else index++
    }
  }
  return needed
}

// An unhandled rejection ends the search as well, and is reported with its seed.
process.on('unhandledRejection', (error) => {
  const what = error instanceof Error ? error.stack : String(error)
  console.log(`broken with --seed ${seed}: the daemon does not crash: ${what}`)
  console.log('broken promise: the daemon does not crash')
  process.exit(1)
})

const search = async <World>(sort: Sort<World>) => {
  while (sum.cycles < cyclesToRun && promise === undefined) {
    const isLived = fc.asyncProperty(sort.worlds, async (one) => {
      const { broken, cycles, calls, ended, kills } = await sort.live(one)
      sum.worlds++
      sum.cycles += cycles
      sum.calls += calls
      sum.ended += ended
      sum.kills += kills
      if (broken === undefined) return
      if (promise === undefined) console.log(`broken with --seed ${seed}: ${broken.message}`)
      promise ??= broken.promise
      throw broken
    })
    const result = await fc.check(isLived, {
      seed,
      numRuns: BATCH,
      endOnFailure: values.first,
      interruptAfterTimeLimit: Number(values['shrink-seconds']) * 1000,
    })
    if (result.failed && promise === undefined) {
      promise = 'the simulation itself does not crash'
      console.log(`broken with --seed ${seed}: ${promise}: ${fc.defaultReportMessage(result)}`)
    }
    const [found] = result.counterexample ?? []
    if (found !== undefined && !values.first) {
      const smallest = await withoutIdleHappenings(sort, found)
      console.log('the smallest world found that shows it:')
      console.log(JSON.stringify(smallest, null, 1))
      const { log, broken } = await sort.live(smallest, true)
      for (const line of log.slice(-LINES)) console.log(line)
      console.log(broken?.message)
    }
    seed++
  }
}

console.log(`worlds from seed ${seed} on, ${cyclesToRun} cycles`)
await (values.replicas
  ? search({ worlds: fleetScenario, live: liveAsFleet, without: [withoutEach('outside'), withoutEach('inside')] })
  : search({ worlds: scenario, live, without: [withoutEach('happenings')] }))
const seconds = Math.round((performance.now() - startedAt) / 1000)
console.log(
  `${sum.worlds} worlds, ${sum.cycles} cycles, ${sum.calls} calls, ${sum.ended} ended, ${sum.kills} kills, ${seconds} s`,
)
console.log(promise === undefined ? 'every promise held' : `broken promise: ${promise}`)
process.exitCode = promise === undefined ? 0 : 1
