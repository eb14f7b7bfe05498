import { defineConfig } from 'vitest/config'

const unitFloors = ['domain', 'config', 'advice', 'app', 'house']

export default defineConfig({
  test: {
    // Most tests wait for a process or a server. On two cores, the default of one worker leaves both idle.
    maxWorkers: 3,
    setupFiles: ['test/setup.ts'],
    projects: [
      {
        extends: true,
        test: {
          name: 'unit',
          // These tests leave the process as they find it, so they share one, which starts soonest.
          isolate: false,
          pool: 'threads',
          // A time-out finds a test that hangs. It must not depend on the machine's speed: the bounds hold at the lowest
          // priority beside other work.
          testTimeout: 120_000,
          hookTimeout: 120_000,
          include: unitFloors.map((floor) => `test/${floor}/**/*.test.ts`),
        },
      },
      {
        extends: true,
        test: {
          name: 'integration',
          include: ['test/**/*.test.ts'],
          exclude: unitFloors.map((floor) => `test/${floor}/**`),
          globalSetup: ['test/cli/build-once.ts'],
          testTimeout: 240_000,
          hookTimeout: 240_000,
        },
      },
    ],
  },
})
