import fc from 'fast-check'

// One seed for every property, so that a red run in CI can be replayed: CURFEW_SEED=… npm test.
const seed = Number(process.env.CURFEW_SEED ?? 20261122)
// Thousands of mutants have to get past every property: under Stryker none may take long.
const limit = process.env.STRYKER_MUTATOR_WORKER === undefined ? {} : { interruptAfterTimeLimit: 30 }
fc.configureGlobal({ seed, endOnFailure: false, ...limit })

// The SDK prints a seven-line notice about Node 20 on stderr otherwise.
process.env.AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED = 'true'
