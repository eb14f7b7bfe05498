import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { formatProblem } from '../../src/config/yaml/problem.ts'
import { brokenCases, brokenFiles } from './broken-corpus.ts'

const cases = brokenCases()

describe('the cases of broken configuration', () => {
  it('cover every file of the folder, and each expects a problem', () => {
    expect(cases.length).toBeGreaterThanOrEqual(237)
    expect(cases.filter(({ expected }) => expected.length === 0)).toEqual([])
    const covered = cases.flatMap(({ name, texts }) =>
      name.endsWith('.yaml') ? [name] : [...texts.keys()].map((file) => join(name, file)),
    )
    expect(covered.sort()).toEqual(brokenFiles().sort())
  })

  it.each(cases)('$name has exactly the problems that it expects', ({ problems, expected }) => {
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

  it('name the policy that a problem belongs to', () => {
    const [problem] = cases.find(({ name }) => name === 'policies/keys/duration-zero.yaml')?.problems ?? []
    expect(problem && formatProblem(problem)).toMatch(/^duration-zero\.yaml:5:13: error: policy "age": "0h" /)
  })
})
