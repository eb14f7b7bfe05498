import { describe, expect, it } from 'vitest'
import { formatProblem, formatProblems, hasErrors, type Problem, sortProblems } from '../../src/config/yaml/problem.ts'

const problem = (rest: Partial<Problem> = {}): Problem => ({
  severity: 'error',
  file: 'a.yaml',
  line: 1,
  column: 1,
  message: 'wrong',
  ...rest,
})

describe('a problem', () => {
  it('is one line with place, severity, policy and message', () => {
    expect(formatProblem(problem({ line: 3, column: 7, policy: 'leavers' }))).toBe(
      'a.yaml:3:7: error: policy "leavers": wrong',
    )
    expect(formatProblem(problem({ severity: 'warning' }))).toBe('a.yaml:1:1: warning: wrong')
  })

  it('is one printable line, whatever the message quotes', () => {
    const line = formatProblem(problem({ policy: 'a\nb', message: `\u001b[31m"x\ty"\u2028\ud800${'z'.repeat(5000)}` }))
    expect(line).toMatch(/^[^\p{Cc}\p{Zl}\p{Cs}]+$/u)
    expect(line).toContain(String.raw`a\nb`)
    expect(line).toContain(String.raw`\u001b[31m"x\ty"\u2028\ud800z`)
    expect(line.length).toBeLessThan(700)
  })
})

describe('a list of problems', () => {
  it('is sorted by file and place, without duplicates', () => {
    const list = [
      problem({ file: 'b.yaml' }),
      problem({ line: 10 }),
      problem({ line: 2, column: 5 }),
      problem({ line: 2, column: 5 }),
      problem({ line: 2, column: 4 }),
      problem({ line: 2, column: 5, message: 'also wrong' }),
    ]
    expect(sortProblems(list).map(({ file, line, column, message }) => [file, line, column, message])).toEqual([
      ['a.yaml', 2, 4, 'wrong'],
      ['a.yaml', 2, 5, 'also wrong'],
      ['a.yaml', 2, 5, 'wrong'],
      ['a.yaml', 10, 1, 'wrong'],
      ['b.yaml', 1, 1, 'wrong'],
    ])
  })

  it('ends after 200 lines with the number of the remaining problems', () => {
    const many = (count: number) => Array.from({ length: count }, (_, line) => problem({ line: line + 1 }))
    expect(formatProblems(many(200))).toHaveLength(200)
    const lines = formatProblems(many(201))
    expect(lines).toHaveLength(201)
    expect(lines.at(-1)).toBe('and 1 more')
  })

  it('has errors only if a problem is an error', () => {
    expect(hasErrors([problem({ severity: 'warning' })])).toBe(false)
    expect(hasErrors([problem({ severity: 'warning' }), problem()])).toBe(true)
  })
})
