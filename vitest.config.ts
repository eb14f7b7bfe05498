import { defineConfig } from 'vitest/config'

const unitFloors = ['domain', 'config', 'advice', 'app', 'house']

export default defineConfig({
  test: {
    // Most tests wait for a process or a server: on two cores the default of one worker would leave them idle.
    maxWorkers: 3,
    setupFiles: ['test/setup.ts'],
    projects: [
      {
        extends: true,
        test: {
          name: 'unit',
          // Nothing here touches the process it runs in, so one is enough, and starts soonest.
          isolate: false,
          pool: 'threads',
          testTimeout: 30_000,
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
          testTimeout: 60_000,
          hookTimeout: 30_000,
        },
      },
    ],
  },
})
