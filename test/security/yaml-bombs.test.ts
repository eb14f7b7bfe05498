import { expect, it } from 'vitest'
import { loadPolicies } from '../../src/config/load.ts'
import { formatProblem } from '../../src/config/yaml/problem.ts'
import { workspace } from '../cli/curfew.ts'
import { memoryFiles } from '../config/memory-files.ts'
import { YAML_BOMBS } from './yaml-bombs.ts'

const bombs = Object.entries(YAML_BOMBS)

it.each(bombs)('a YAML file with %s is refused with a limited number of messages', (_name, text) => {
  expect(text.length).toBeLessThan(2_000_000)
  const { policies, problems } = loadPolicies(memoryFiles({ 'a.yaml': text }), ['a.yaml'])
  expect(policies).toBeUndefined()
  expect(problems.some(({ severity }) => severity === 'error')).toBe(true)
  expect(problems.length).toBeLessThan(1_100)
  for (const problem of problems) expect(formatProblem(problem).length).toBeLessThan(800)
})

it('all these files together leave the process alive in 128 MB', async () => {
  await using here = await workspace(
    Object.fromEntries(bombs.map(([, text], index) => [`policies/${index}.yaml`, text])),
  )
  // If the process runs out of memory, a signal kills it and it has no exit code.
  const { code, stdout } = await here.run(['validate', 'policies', '--output', 'json'], {
    NODE_OPTIONS: '--max-old-space-size=128',
  })
  expect(code).toBe(1)
  const { problems } = JSON.parse(stdout) as { problems: { file: string }[] }
  expect(new Set(problems.map(({ file }) => file)).size).toBe(bombs.length)
})

it('a valid file of 10,000 bans is read', () => {
  const entry = (index: number) =>
    `      - { pattern: "person-${index}@corp.example", from: "2026-12-01T00:00:00Z", until: "2027-12-01T00:00:00Z", reason: left }\n`
  const bans = Array.from({ length: 10_000 }, (_, index) => entry(index)).join('')
  const text = `version: 1\npolicies:\n  - name: leavers\n    kind: banned-users\n    users:\n${bans}`
  const { policies, problems } = loadPolicies(memoryFiles({ 'a.yaml': text }), ['a.yaml'])
  expect(problems).toEqual([])
  expect(policies).toHaveLength(1)
})
