import { expect } from 'vitest'
import { formatProblem, type Problem } from '../../src/config/yaml/problem.ts'
import { encode, lines } from './mutilated.ts'

/** Expects that every problem has a place inside of its file and prints as one line. */
export const expectInside = (
  problems: readonly Problem[],
  tree: Readonly<Record<string, string | Uint8Array>>,
): void => {
  for (const problem of problems) {
    const content = tree[problem.file]
    expect(content).toBeDefined()
    const rows = lines(encode(content ?? ''))
    expect(problem.line).toBeGreaterThanOrEqual(1)
    expect(problem.line).toBeLessThanOrEqual(rows.length)
    expect(problem.column).toBeGreaterThanOrEqual(1)
    expect(problem.column).toBeLessThanOrEqual((rows[problem.line - 1] ?? '').length + 1)
    expect(formatProblem(problem)).not.toMatch(/\p{Cc}/u)
  }
}
