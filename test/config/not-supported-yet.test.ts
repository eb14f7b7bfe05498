import { describe, expect, it } from 'vitest'
import { loadPolicies } from '../../src/config/load.ts'
import { POLICY_KINDS } from '../../src/domain/policies/registry.ts'
import { memoryFiles } from './memory-files.ts'

const KINDS = [
  'max-session-age',
  'banned-users',
  'off-hours',
  'idle-timeout',
  'max-sessions',
  'max-transfer',
  'posture',
]

describe('a kind of the policy language', () => {
  it.each(KINDS)('%s is known, or said to be not supported yet', (kind) => {
    const files = memoryFiles({ 'a.yaml': `version: 1\npolicies: [{ name: a, kind: ${kind} }]\n` })
    const messages = loadPolicies(files, ['a.yaml']).problems.map(({ message }) => message)
    const isKnown = POLICY_KINDS.some((known) => known.kind === kind)
    expect(messages).not.toEqual([])
    expect(messages.some((message) => message.includes('not supported yet'))).toBe(!isKnown)
    expect(messages.some((message) => message.includes('unknown kind'))).toBe(false)
  })
})
