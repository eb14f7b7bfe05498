import { defineConfig } from 'vitest/config'
import { BaseSequencer, type TestSpecification } from 'vitest/node'

/** One failure is enough: what fails soonest is asked first. Vitest begins with what takes longest. */
class ShortestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]) {
    return (await super.sort(files)).reverse()
  }
}

/** What a mutant of the domain has to get past. */
export default defineConfig({
  test: {
    setupFiles: ['test/setup.ts'],
    // Modules stay loaded from mutant to mutant, which is many times as fast: what runs only while they load cannot be
    // mutated so, and `ignoreStatic` leaves it out instead of calling it unnoticed.
    isolate: false,
    testTimeout: 30_000,
    sequence: { sequencer: ShortestFirst },
    include: ['test/domain/**/*.test.ts', 'test/config/**/*.test.ts'],
    // Seconds for each mutant, and what they find in the end they count: cut short they prove nothing.
    exclude: [
      'test/advice/policy-warnings.property.test.ts',
      'test/domain/policy-set.property.test.ts',
      'test/config/fuzz.property.test.ts',
    ],
  },
})
