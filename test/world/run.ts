import { parseArgs } from 'node:util'
import fc from 'fast-check'
import { type Scenario, scenario } from './scenario.ts'
import { live } from './world.ts'

// npm run test:world -- [--cycles N] [--seed N] [--first] [--shrink-seconds N] Runs worlds until they have had N cycles
// or a promise is broken. Then it searches for the smallest world that breaks the promise, for at most the given
// seconds; with --first it does not search.
const { values } = parseArgs({
  options: {
    cycles: { type: 'string', default: '20000' },
    seed: { type: 'string', default: String(Date.now() % 1e9) },
    first: { type: 'boolean', default: false },
    'shrink-seconds': { type: 'string', default: '180' },
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

/** Removes the happenings that the broken promise does not need. Every generated world has at least twenty. */
const withoutIdleHappenings = async (world: Scenario): Promise<Scenario> => {
  let needed = world
  for (const happening of world.happenings) {
    const happenings = needed.happenings.filter((one) => one !== happening)
    const { broken } = await live({ ...needed, happenings })
    if (broken?.promise === promise) needed = { ...needed, happenings }
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

console.log(`worlds from seed ${seed} on, ${cyclesToRun} cycles`)
while (sum.cycles < cyclesToRun && promise === undefined) {
  const isLived = fc.asyncProperty(scenario, async (one) => {
    const { broken, cycles, calls, ended, kills } = await live(one)
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
    const smallest = await withoutIdleHappenings(found)
    console.log('the smallest world found that shows it:')
    console.log(JSON.stringify(smallest, null, 1))
    const { log, broken } = await live(smallest, true)
    for (const line of log.slice(-LINES)) console.log(line)
    console.log(broken?.message)
  }
  seed++
}
const seconds = Math.round((performance.now() - startedAt) / 1000)
console.log(
  `${sum.worlds} worlds, ${sum.cycles} cycles, ${sum.calls} calls, ${sum.ended} ended, ${sum.kills} kills, ${seconds} s`,
)
console.log(promise === undefined ? 'every promise held' : `broken promise: ${promise}`)
process.exitCode = promise === undefined ? 0 : 1
