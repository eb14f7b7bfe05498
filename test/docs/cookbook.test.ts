import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { tableAfter } from './pages.ts'

const COOKBOOK = 'docs/cookbook.md'

describe('the cookbook', () => {
  const [, ...sections] = readFileSync(COOKBOOK, 'utf8').split(/^## /m)

  it('lists its wishes', () => {
    const listed = tableAfter(COOKBOOK, '# Cookbook').map(([wish = '']) => /^\[(.*)\]/.exec(wish)?.[1])
    expect(listed).toEqual(sections.map((section) => section.split('\n', 1)[0]))
    expect(listed).toHaveLength(10)
  })

  it.each(sections.map((section) => [section.split('\n', 1)[0] ?? '', section] as const))(
    '%s has a policy and its test',
    (_wish, section) => {
      expect(section.match(/^policies:$/gm)).toHaveLength(1)
      expect(section.match(/^# \S+\.test\.yaml$/gm)).toHaveLength(1)
    },
  )
})
