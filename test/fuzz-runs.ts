import { IS_NIGHTLY } from './nightly.ts'

/**
 * The number of inputs of a fuzz test, or of cases of a law. `CURFEW_FUZZ_RUNS=50 npm test` tries fifty times the usual
 * number, a night four times.
 */
export const fuzzRuns = (usual: number): number =>
  Math.ceil(usual * Number(process.env.CURFEW_FUZZ_RUNS ?? (IS_NIGHTLY ? 4 : 1)))
