import { defineConfig } from 'vitest/config'
import { LongestFirst } from './test/longest-first.ts'

const unitFloors = ['domain', 'config', 'advice', 'app', 'door', 'house']

export default defineConfig({
  test: {
    // The files share the processes of their workers: `test/setup.ts` checks that each leaves its process as it was.
    isolate: false,
    sequence: { sequencer: LongestFirst },
    setupFiles: ['test/setup.ts'],
    projects: [
      {
        extends: true,
        test: {
          name: 'unit',
          pool: 'threads',
          // Nothing waits here. Each worker loads the code again, so more workers than cores are slower.
          maxWorkers: '100%',
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
          // Most of these tests wait for a process or a server. With a worker for each core, the cores would be idle.
          maxWorkers: 5,
          sequence: { groupOrder: 1 },
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
