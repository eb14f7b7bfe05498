import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { loadPolicies } from '../../src/config/load.ts'
import { createDoor } from '../../src/domain/door/door.ts'
import { requestOf } from '../../src/domain/door/request.ts'
import { clockAt, workspace } from '../cli/curfew.ts'
import { memoryFiles } from '../config/memory-files.ts'
import { doorRules } from '../domain/door/door-rules.ts'
import { request } from '../domain/door/requests.ts'
import { blocks, tableAfter } from './pages.ts'

const COOKBOOK = 'docs/cookbook.md'

/** The examples have dates that must lie in the future. */
const NOW = Date.UTC(2026, 10, 23, 12)

/** The blocks whose first line names a file. */
const files = new Map(
  blocks
    .filter(({ page }) => page === COOKBOOK)
    .flatMap(({ text }) => {
      const [, name] = /^# (\S+\.yaml)\n/.exec(text) ?? []
      return name === undefined ? [] : [[`config/policies/${name}`, text] as const]
    }),
)

describe('the cookbook', () => {
  const [, ...sections] = readFileSync(COOKBOOK, 'utf8').split(/^## /m)

  it('lists its wishes', () => {
    const listed = tableAfter(COOKBOOK, '# Cookbook').map(([wish = '']) => /^\[(.*)\]/.exec(wish)?.[1])
    expect(listed).toEqual(sections.map((section) => section.split('\n', 1)[0]))
    expect(listed).toHaveLength(11)
  })

  it.each(sections.map((section) => [section.split('\n', 1)[0] ?? '', section] as const))(
    '%s has a policy and its test',
    (_wish, section) => {
      expect(section.match(/^policies:$/gm)).toHaveLength(1)
      expect(section.match(/^# \S+\.test\.yaml$/gm)).toHaveLength(1)
    },
  )

  it('has policies and tests that can all be copied beside what init writes', async () => {
    expect(files.size).toBe(22)
    await using here = await workspace({})
    await here.run(['init', 'config', '--region', 'eu-central-1'])
    for (const [name, text] of files) await here.write(name, text)
    const { stdout, stderr, code } = await here.run(['test'], clockAt(NOW))
    expect(stderr).toBe('')
    expect(stdout).toMatch(/, 0 failed$/m)
    expect(code).toBe(0)
    const validated = await here.run(['validate'], clockAt(NOW))
    expect(validated.stderr).not.toContain(' error: ')
    expect(validated.code).toBe(0)
  })

  it('keeps contractors out of the door who are not in their office, and nobody in doubt', () => {
    const name = 'contractors-office.yaml'
    const { policies } = loadPolicies(memoryFiles({ [name]: files.get(`config/policies/${name}`) ?? '' }), [name])
    if (policies === undefined) throw new Error('the policies have errors')
    const door = createDoor(doorRules(policies))
    const answer = (fields: Record<string, unknown>) => {
      const event = request({ username: 'ann@corp.example', 'common-name': '', groups: ['Contractors'], ...fields })
      const decision = door.decide(requestOf(event), 'eu-central-1', NOW)
      return decision.act === 'deny' ? decision.lead.policy.name : decision.act
    }
    expect(answer({ 'public-ip': '203.0.114.7' })).toBe('contractors-from-their-office')
    expect(answer({ 'public-ip': '2001:db8::1' })).toBe('contractors-from-their-office')
    expect(answer({ 'public-ip': '203.0.113.7' })).toBe('allow')
    expect(answer({ 'public-ip': '::ffff:198.51.100.7' })).toBe('allow')
    expect(answer({ 'public-ip': '203.0.114.7', groups: ['staff'] })).toBe('allow')
    expect(answer({ 'public-ip': undefined })).toBe('allow')
    expect(answer({ 'public-ip': '203.0.114.7', groups: undefined })).toBe('allow')
  })
})
