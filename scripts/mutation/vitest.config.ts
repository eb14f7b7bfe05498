import { defineConfig } from 'vitest/config'
import { BaseSequencer, type TestSpecification } from 'vitest/node'

/** One failure is enough for a mutant, so the fastest files run first. By default vitest begins with the slowest. */
class ShortestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]) {
    return (await super.sort(files)).reverse()
  }
}

/** The tests that run against each mutant of the domain. */
export default defineConfig({
  test: {
    setupFiles: ['test/setup.ts'],
    // Modules stay loaded from mutant to mutant, which is many times as fast. Code that runs only while a module loads
    // cannot be mutated then; Stryker's `ignoreStatic` skips it instead of reporting it as survived.
    isolate: false,
    testTimeout: 120_000,
    sequence: { sequencer: ShortestFirst },
    include: ['test/domain/**/*.test.ts', 'test/config/**/*.test.ts'],
    // These tests need seconds per mutant. They also count what they find, so that a shortened run proves nothing.
    exclude: [
      'test/advice/policy-warnings.property.test.ts',
      'test/domain/policy-set.property.test.ts',
      'test/config/fuzz.property.test.ts',
    ],
  },
})
