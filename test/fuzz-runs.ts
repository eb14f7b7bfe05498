import { IS_NIGHTLY } from './nightly.ts'

/** The number of inputs of a night, as a multiple of the usual one. */
const AT_NIGHT = 4

/** A number of inputs by the time of the run: `share` of the usual number on a push. */
const runs = (share: number) => {
  const times = Number(process.env.CURFEW_FUZZ_RUNS ?? (IS_NIGHTLY ? AT_NIGHT / share : 1))
  return (usual: number): number => Math.ceil(usual * share * times)
}

/**
 * The number of inputs of a fuzz test, or of cases of a law: on a push half the usual number. `CURFEW_FUZZ_RUNS=50 npm test`
 * tries fifty times as many as a push, a night eight times.
 */
export const fuzzRuns = runs(0.5)

/** As `fuzzRuns`, for cases that take milliseconds each: on a push a quarter of the usual number, at night sixteen times that. */
export const slowRuns = runs(0.25)
