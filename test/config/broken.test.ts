import { describe, expect, it } from 'vitest'
import { formatProblem } from '../../src/config/yaml/problem.ts'
import { brokenCases } from './broken-corpus.ts'

const cases = brokenCases()

describe('a broken configuration', () => {
  it('is there in many ways', () => {
    expect(cases.length).toBeGreaterThan(150)
    expect(cases.filter(({ expected }) => expected.length === 0)).toEqual([])
  })

  it.each(cases)('$name', ({ problems, expected }) => {
    const wanted = expected.map(({ file, line, column, part }) => {
      const found = problems.find(
        (problem) =>
          problem.file === file && problem.line === line && problem.column === column && problem.message.includes(part),
      )
      return found === undefined ? `${file}:${line}:${column}: … ${part}` : formatProblem(found)
    })
    expect(problems.map(formatProblem)).toEqual(wanted)
    expect(problems.some(({ severity }) => severity === 'error')).toBe(true)
  })

  it('says which policy it is about', () => {
    const [problem] = cases.find(({ name }) => name === 'duration-zero.yaml')?.problems ?? []
    expect(problem && formatProblem(problem)).toMatch(/^duration-zero\.yaml:5:13: error: policy "age": "0h" /)
  })
})
