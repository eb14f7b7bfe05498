import { defineConfig } from 'vitest/config'

/** What a mutant of the domain has to get past. */
export default defineConfig({
  test: {
    setupFiles: ['test/setup.ts'],
    isolate: false,
    testTimeout: 30_000,
    include: ['test/domain/**/*.test.ts', 'test/config/**/*.test.ts'],
    // Seconds for each mutant, and what they find in the end they count: cut short they prove nothing.
    exclude: ['test/domain/policy-warnings.property.test.ts'],
  },
})
