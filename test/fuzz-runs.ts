/** How many inputs a fuzz test tries: `CURFEW_FUZZ_RUNS=50 npm test` tries fifty times as many. */
export const fuzzRuns = (usual: number): number => Math.ceil(usual * Number(process.env.CURFEW_FUZZ_RUNS ?? 1))
