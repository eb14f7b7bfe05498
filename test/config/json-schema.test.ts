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
    'policies/keys/key-misspelled.yaml',
    'policies/keys/key-of-another-kind.yaml',
    'policies/keys/warn-on-a-kind-without.yaml',
    'policies/keys/warn-empty.yaml',
    'policies/keys/extend-on-a-ban.yaml',
    'policies/keys/extend-without-by.yaml',
    'policies/keys/kind-misspelled.yaml',
    'policies/keys/kind-unknown.yaml',
    'policies/keys/mode-misspelled.yaml',
    'policies/names/a-number.yaml',
    'policies/keys/grace-on-a-ban.yaml',
    'policies/selectors/match-users-empty.yaml',
    'policies/selectors/match-empty.yaml',
    'policies/patterns/a-number.yaml',
    'policies/patterns/null.yaml',
    'policies/bans/without-pattern.yaml',
    'policies/keys/duration-missing.yaml',
    'policies/hours/day-of-the-month-32.yaml',
    'policies/hours/week-6.yaml',
    'policies/version-unknown.yaml',
    'policies/version-missing.yaml',
    'policies/unknown-section.yaml',
    'policies/hours/window-key-misspelled.yaml',
    'policies/calendars/key-misspelled.yaml',
    'policies/groups/without-name.yaml',
  ])('refuse %s', (file) => {
    expect(faults('policies', broken(file))).not.toEqual([])
  })

  it.each([
    'daemon/mode-misspelled.yaml',
    'daemon/key-misspelled.yaml',
    'daemon/notify/slack-literal.yaml',
    'daemon/notify/secret-literal.yaml',
    'daemon/notify/two-receivers.yaml',
    'daemon/notify/no-receiver.yaml',
    'daemon/notify/not-a-list.yaml',
    'daemon/notify/event-misspelled.yaml',
    'daemon/notify/events-empty.yaml',
    'daemon/notify/secret-in-two-places.yaml',
    'daemon/notify/secret-nowhere.yaml',
    'daemon/notify/key-misspelled.yaml',
    'daemon/watch/without-endpoints.yaml',
    'daemon/watch/discover-a-word.yaml',
    'daemon/watch/discover-no-tags.yaml',
    'daemon/watch/discover-tag-not-a-string.yaml',
    'daemon/watch/role-arn-of-something-else.yaml',
    'daemon/watch/role-without-arn.yaml',
    'daemon/watch/role-external-id.yaml',
    'daemon/watch/missing.yaml',
    'daemon/watch/endpoint-of-another-service.yaml',
    'daemon/server/port-too-large.yaml',
    'daemon/server/link-key-literal.yaml',
    'daemon/termination-rate-zero.yaml',
    'daemon/termination-attempts-negative.yaml',
    'daemon/log-level-misspelled.yaml',
    'daemon/policies-text.yaml',
    'daemon/engine/kind-misspelled.yaml',
    'daemon/engine/url-literal.yaml',
    'daemon/engine/url-in-two-places.yaml',
    'daemon/engine/tls-on.yaml',
    'daemon/engine/tls-mode-of-another-program.yaml',
    'daemon/engine/iam-without-region.yaml',
  ])('refuse %s', (file) => {
    expect(faults('curfew', broken(file))).not.toEqual([])
  })

  it('contain every kind, and describe every key', () => {
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

  it('contain the default values', () => {
    const { poll, mode } = schemas.curfew.properties ?? {}
    expect(mode?.default).toBe('audit')
    expect(poll?.properties?.staleAfter?.default).toBe('5m')
    expect(poll?.properties?.rate?.properties?.burst?.default).toBe(50)
  })
})

describe('the sample configuration', () => {
  it('exists', () => {
    expect(samples.length).toBeGreaterThan(0)
  })

  it.each(samples.map((sample) => relative(ROOT, sample)))(
    '%s names its schema in the first line and conforms to it',
    (sample) => {
      const text = readFileSync(join(ROOT, sample), 'utf8')
      const [, named = ''] = /^# yaml-language-server: \$schema=(\S+)\n/.exec(text) ?? []
      const schema = resolve(ROOT, dirname(sample), named)
      expect(named).not.toBe('')
      expect(schemaFaults(JSON.parse(readFileSync(schema, 'utf8')), parse(text, { schema: 'core' }))).toEqual([])
    },
  )
})
