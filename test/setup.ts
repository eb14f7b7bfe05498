import { deepStrictEqual } from 'node:assert'
import fc from 'fast-check'
import { afterAll } from 'vitest'
import { fuzzRuns } from './fuzz-runs.ts'

// One seed for every property, so that a failed run in CI can be repeated: CURFEW_SEED=… npm test.
const seed = Number(process.env.CURFEW_SEED ?? 20261122)
// Stryker runs every property against thousands of mutants. There, milliseconds limit each property.
const limit = process.env.STRYKER_MUTATOR_WORKER === undefined ? {} : { interruptAfterTimeLimit: 30 }
fc.configureGlobal({ seed, endOnFailure: false, numRuns: fuzzRuns(100), ...limit })

// Without this the SDK prints a notice of seven lines about Node 20 on stderr.
process.env.AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED = 'true'

// The next file runs in the same process.
const state = () => ({ folder: process.cwd(), env: { ...process.env } })
const before = state()
afterAll(() => {
  deepStrictEqual(state(), before)
})
