import { IS_NIGHTLY } from './nightly.ts'

/** The number of inputs of a night, as a multiple of the usual one. */
const AT_NIGHT = 4

/** A number of inputs by the time of the run: `share` of the usual number on a push, and of that `CURFEW_FUZZ_RUNS` times as many. */
const runs = (share: number) => {
  const { CURFEW_FUZZ_RUNS: asked } = process.env
  const times = asked === undefined ? (IS_NIGHTLY ? AT_NIGHT : share) : share * Number(asked)
  return (usual: number): number => Math.ceil(usual * times)
}

/**
 * The number of inputs of a fuzz test, or of cases of a law: on a push less than a third of the usual number, so that the
 * unit tests take seconds, and at night four times that number. `CURFEW_FUZZ_RUNS=50 npm test` tries fifty times as many
 * as a push.
 */
export const fuzzRuns = runs(0.3)

/** As `fuzzRuns`, for cases that take milliseconds each: on a push half as many. */
export const slowRuns = runs(0.15)
