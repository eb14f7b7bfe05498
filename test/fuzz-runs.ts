import { IS_NIGHTLY } from './nightly.ts'

/** The share of the usual number of inputs that a push tries. */
const ON_PUSH = 0.5

/**
 * The number of inputs of a fuzz test, or of cases of a law: on a push half the usual number. `CURFEW_FUZZ_RUNS=50 npm test`
 * tries fifty times as many as a push, a night eight times.
 */
export const fuzzRuns = (usual: number): number =>
  Math.ceil(usual * ON_PUSH * Number(process.env.CURFEW_FUZZ_RUNS ?? (IS_NIGHTLY ? 8 : 1)))
