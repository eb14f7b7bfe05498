import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join, relative, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { parse } from 'yaml'
import { curfewJsonSchema, policiesJsonSchema } from '../../src/config/schema/json-schema.ts'
import { POLICY_KINDS } from '../../src/domain/policies/registry.ts'
import { GOOD_CURFEW, GOOD_POLICIES, MORE_POLICIES } from './good-configuration.ts'
import { type JsonSchema, schemaFaults } from './json-schema-reader.ts'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))
const schemas = { curfew: curfewJsonSchema() as JsonSchema, policies: policiesJsonSchema() as JsonSchema }

const faults = (name: keyof typeof schemas, text: string) =>
  schemaFaults(schemas[name], parse(text, { schema: 'core' }))

const broken = (file: string) => readFileSync(join(ROOT, 'test/config/broken', file), 'utf8')

const samples = readdirSync(join(ROOT, 'config'), { recursive: true, encoding: 'utf8' })
  .filter((file) => /(?:^|\/)(?:curfew\.yaml|policies\/[^/]+\.ya?ml)$/.test(file))
  .map((file) => join(ROOT, 'config', file))

describe('the JSON Schemas', () => {
  it('accept a configuration with every key', () => {
    expect(faults('curfew', GOOD_CURFEW)).toEqual([])
    expect(faults('policies', GOOD_POLICIES)).toEqual([])
    expect(faults('policies', MORE_POLICIES)).toEqual([])
  })

  it.each([
    'key-misspelled.yaml',
    'key-of-another-kind.yaml',
    'warn-on-a-kind-without.yaml',
    'warn-empty.yaml',
    'kind-misspelled.yaml',
    'kind-unknown.yaml',
    'mode-misspelled.yaml',
    'name-a-number.yaml',
    'grace-on-a-ban.yaml',
    'match-users-empty.yaml',
    'match-empty.yaml',
    'pattern-a-number.yaml',
    'pattern-null.yaml',
    'ban-without-pattern.yaml',
    'duration-missing.yaml',
    'time-zone-missing.yaml',
    'version-unknown.yaml',
    'version-missing.yaml',
    'unknown-section.yaml',
    'window-key-misspelled.yaml',
    'calendar-key-misspelled.yaml',
    'group-without-name.yaml',
  ])('refuse %s', (file) => {
    expect(faults('policies', broken(file))).not.toEqual([])
  })

  it.each([
    'curfew-mode-misspelled.yaml',
    'curfew-key-misspelled.yaml',
    'curfew-notify-slack-literal.yaml',
    'curfew-notify-secret-literal.yaml',
    'curfew-notify-two-receivers.yaml',
    'curfew-notify-no-receiver.yaml',
    'curfew-notify-not-a-list.yaml',
    'curfew-notify-event-misspelled.yaml',
    'curfew-notify-events-empty.yaml',
    'curfew-notify-secret-in-two-places.yaml',
    'curfew-notify-secret-nowhere.yaml',
    'curfew-notify-key-misspelled.yaml',
    'curfew-watch-without-endpoints.yaml',
    'curfew-discover-a-word.yaml',
    'curfew-discover-no-tags.yaml',
    'curfew-discover-tag-not-a-string.yaml',
    'curfew-role-arn-of-something-else.yaml',
    'curfew-role-without-arn.yaml',
    'curfew-role-external-id.yaml',
    'curfew-watch-missing.yaml',
    'curfew-endpoint-of-another-service.yaml',
    'curfew-port-too-large.yaml',
    'curfew-rate-zero.yaml',
    'curfew-attempts-negative.yaml',
    'curfew-log-level-misspelled.yaml',
    'curfew-policies-text.yaml',
  ])('refuse %s', (file) => {
    expect(faults('curfew', broken(file))).not.toEqual([])
  })

  it('know every kind, and say what each key is for', () => {
    const { items } = schemas.policies.properties?.policies ?? {}
    const kinds = items?.oneOf ?? []
    expect(kinds.map(({ properties }) => properties?.kind?.const)).toEqual(POLICY_KINDS.map(({ kind }) => kind))
    const undescribed = ({ properties = {} }: JsonSchema) =>
      Object.entries(properties).flatMap(([key, { description }]) => (description ? [] : [key]))
    for (const kind of kinds) {
      expect(kind.description).toBeTruthy()
      expect(undescribed(kind)).toEqual([])
    }
    expect(undescribed(schemas.curfew)).toEqual([])
  })

  it('show the defaults', () => {
    const { poll, mode } = schemas.curfew.properties ?? {}
    expect(mode?.default).toBe('audit')
    expect(poll?.properties?.staleAfter?.default).toBe('5m')
    expect(poll?.properties?.rate?.properties?.burst?.default).toBe(50)
  })
})

describe('every sample', () => {
  it('is there', () => {
    expect(samples.length).toBeGreaterThan(0)
  })

  it.each(samples.map((sample) => relative(ROOT, sample)))('%s names its schema in the first line', (sample) => {
    const text = readFileSync(join(ROOT, sample), 'utf8')
    const [, named = ''] = /^# yaml-language-server: \$schema=(\S+)\n/.exec(text) ?? []
    const schema = resolve(ROOT, dirname(sample), named)
    expect(named).not.toBe('')
    expect(schemaFaults(JSON.parse(readFileSync(schema, 'utf8')), parse(text, { schema: 'core' }))).toEqual([])
  })
})
