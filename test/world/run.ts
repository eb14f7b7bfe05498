import { parseArgs } from 'node:util'
import fc from 'fast-check'
import { scenario } from './scenario.ts'
import { live } from './world.ts'

// npm run test:world -- [--cycles N] [--seed N]: lives until so many polls were decided on, or a promise is broken.
const { values } = parseArgs({
  options: {
    cycles: { type: 'string', default: '20000' },
    seed: { type: 'string', default: String(Date.now() % 1e9) },
  },
})
/** The smallest world that shows a fault is looked for no longer than this. */
const SHRINK_MS = 3 * 60_000
const wanted = Number(values.cycles)
let found = false
let seed = Number(values.seed)
const sum = { worlds: 0, cycles: 0, calls: 0, ended: 0, kills: 0 }
const startedAt = performance.now()

console.log(`worlds from seed ${seed} on, ${wanted} cycles`)
while (sum.cycles < wanted) {
  const result = await fc.check(
    fc.asyncProperty(scenario, async (one) => {
      const { broken, cycles, calls, ended, kills } = await live(one)
      sum.worlds++
      sum.cycles += cycles
      sum.calls += calls
      sum.ended += ended
      sum.kills += kills
      if (broken !== undefined) {
        if (!found) console.log(`${broken.message}\nlooking for a smaller world that shows it`)
        found = true
        throw broken
      }
    }),
    { seed, numRuns: 25, interruptAfterTimeLimit: SHRINK_MS },
  )
  if (result.failed) {
    console.log(`broken with --seed ${seed}; the smallest world that shows it:`)
    const [smallest] = result.counterexample ?? []
    if (smallest !== undefined) {
      console.log(JSON.stringify(smallest, null, 1))
      const { log, broken } = await live(smallest, true)
      for (const line of log.slice(-60)) console.log(line)
      console.log(broken?.message)
    }
    process.exitCode = 1
    break
  }
  seed++
}
const seconds = (performance.now() - startedAt) / 1000
console.log(
  `${sum.worlds} worlds, ${sum.cycles} cycles, ${sum.calls} calls, ${sum.ended} ended, ${sum.kills} kills, ${Math.round(seconds)} s: ${process.exitCode === 1 ? 'BROKEN' : 'every promise held'}`,
)
