/** The number of inputs of a fuzz test. `CURFEW_FUZZ_RUNS=50 npm test` tries fifty times the usual number. */
export const fuzzRuns = (usual: number): number => Math.ceil(usual * Number(process.env.CURFEW_FUZZ_RUNS ?? 1))
