import { readdirSync, readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import * as z from 'zod'
import { policiesJsonSchema } from '../../src/config/schema/json-schema.ts'
import type { PolicyKind } from '../../src/domain/policies/policy.ts'
import { POLICY_KINDS } from '../../src/domain/policies/registry.ts'
import { closedDates } from '../../src/domain/time/calendar.ts'
import { formatDuration } from '../../src/domain/time/duration.ts'
import { DAY } from '../../src/domain/time/instant.ts'
import { createTimeWindows, parseHours } from '../../src/domain/time/time-window.ts'
import type { Weekday } from '../../src/domain/time/window-days.ts'
import { workspace } from '../cli/curfew.ts'
import { blocks, tableAfter } from './pages.ts'

const FOLDER = 'docs/policies'
const WRITING = `${FOLDER}/writing-and-testing.md`

const pageOf = ({ kind }: PolicyKind) => `${FOLDER}/${kind}.md`

const code = (text: string) => `\`${text}\``

const valueText = (value: unknown) => code(typeof value === 'string' ? value : JSON.stringify(value))

interface Key {
  readonly description?: string
  readonly default?: unknown
}

interface KeysOfKind {
  readonly properties: Readonly<Record<string, Key>>
  readonly required?: readonly string[]
}

/** For each row of a table of keys: the default that the table gives, and the default and description in the schema. */
const compare = (rows: readonly (readonly string[])[], { properties, required = [] }: KeysOfKind) =>
  rows.map(([name = '', , given = '', meaning = '']) => {
    const key = name.replaceAll('`', '')
    const schema = properties[key]
    const fallback = schema?.default
    return {
      key,
      isDescribed: schema?.description === undefined || meaning.startsWith(schema.description),
      given: required.includes(key) || fallback !== undefined || given === 'required' ? given : 'anything',
      expected: required.includes(key) ? 'required' : fallback === undefined ? 'anything' : valueText(fallback),
    }
  })

const expectAgreement = (rows: readonly (readonly string[])[], schema: KeysOfKind) => {
  const compared = compare(rows, schema)
  expect(compared.filter(({ isDescribed }) => !isDescribed)).toEqual([])
  expect(compared.map(({ key, given }) => [key, given])).toEqual(compared.map(({ key, expected }) => [key, expected]))
}

describe('the index of the policies', () => {
  /** Which snapshot a kind acts on, by the facts that it reads. */
  const FRESHNESS = {
    immutable: 'the last complete snapshot',
    counters: 'a fresh snapshot only',
    snapshot: 'a fresh snapshot only',
  } as const

  it('lists the kinds of the registry in the order of rank', () => {
    const kinds = [...POLICY_KINDS].sort((a, b) => a.rank - b.rank)
    expect(tableAfter(`${FOLDER}/README.md`, '# Policies')).toEqual(
      kinds.map(({ kind, summary, facts }) => [`[${code(kind)}](${kind}.md)`, summary, FRESHNESS[facts]]),
    )
  })

  it('links to one page per kind, and the folder has no others except the shared pages', () => {
    const pages = POLICY_KINDS.map(({ kind }) => `${kind}.md`)
    expect(readdirSync(FOLDER).sort()).toEqual(
      [...pages, 'README.md', 'periods.md', 'time-windows.md', 'writing-and-testing.md'].sort(),
    )
  })
})

describe.each(POLICY_KINDS.map((kind) => [kind.kind, kind] as const))('the page of %s', (_name, kind) => {
  const text = readFileSync(pageOf(kind), 'utf8')
  const rows = tableAfter(pageOf(kind), '## Keys')

  it('starts with the name and summary of the kind and gives its reason', () => {
    expect(text.split('\n\n').slice(0, 2).join(' ').replaceAll('\n', ' ')).toBe(`# ${kind.kind} ${kind.summary}`)
    expect(text).toContain(`Reason in log and metrics: ${code(kind.reason)}.`)
  })

  it('lists exactly the keys of its kind with the defaults and descriptions of the schema', () => {
    expect(rows.map(([key]) => key)).toEqual(Object.keys(kind.keys.shape).map(code))
    expectAgreement(rows, z.toJSONSchema(kind.keys, { io: 'input' }) as unknown as KeysOfKind)
  })

  it('has one example, one policy test, and the sections of every kind page', () => {
    const yaml = blocks.filter(({ page, language }) => page === pageOf(kind) && language === 'yaml')
    expect(yaml.map(({ text }) => /^#.*\.test\.yaml$/m.test(text))).toEqual([false, true])
    expect(yaml[0]?.text).toContain(`kind: ${kind.kind}\n`)
    expect(text.match(/^## .*$/gm)).toEqual([
      '## When to use it',
      '## When not',
      '## Keys',
      '## Example',
      '## Its test',
      '## What it cannot know',
    ])
  })
})

describe('the table of the keys of every policy', () => {
  const schema = policiesJsonSchema() as unknown as {
    readonly properties: {
      readonly policies: {
        readonly items: {
          readonly oneOf: readonly { readonly properties: KeysOfKind['properties']; readonly required: string[] }[]
        }
      }
    }
  }
  const own = (kind: PolicyKind | undefined) => Object.keys(kind?.keys.shape ?? {})
  /** The keys of each kind that all kinds share. */
  const common = schema.properties.policies.items.oneOf.map(({ properties, required }, index) => ({
    kind: POLICY_KINDS[index],
    required,
    properties: Object.fromEntries(
      Object.entries(properties).filter(([key]) => !own(POLICY_KINDS[index]).includes(key)),
    ),
  }))
  const rows = tableAfter(WRITING, '## Keys of every policy')
  const documented = rows.map(([key = '']) => key.replaceAll('`', ''))
  const rowOf = (key: string) => rows.find(([name]) => name === code(key))?.at(-1) ?? ''
  const kindsWith = (key: string) => common.filter(({ properties }) => key in properties).map(({ kind }) => kind)

  it('lists the keys of the schema', () => {
    expect([...documented].sort()).toEqual([...new Set(common.flatMap((of) => Object.keys(of.properties)))].sort())
  })

  it('gives the defaults and descriptions of the schema', () => {
    for (const { required, properties } of common) {
      const { kind: _, ...described } = properties
      expectAgreement(
        rows.filter(([key = '']) => key.replaceAll('`', '') in described),
        { required, properties: described },
      )
    }
  })

  it.each(['cooldown', 'cooldownByCommonName'])('lists the kinds that have %s', (key) => {
    const named = rowOf('cooldown').match(/(?<=`)[a-z-]+(?=`)/g)
    expect(kindsWith(key).map((kind) => kind?.kind)).toEqual(named)
    expect(POLICY_KINDS.filter(({ cooldown }) => cooldown).map(({ kind }) => kind)).toEqual(named)
  })

  it('lists the kinds that refuse a grace', () => {
    const refusing = POLICY_KINDS.filter(({ noGrace }) => noGrace !== undefined).map(({ kind }) => code(kind))
    expect(rowOf('grace')).toContain(`Not for ${refusing.join(', ')}.`)
  })
})

describe('the table of the day on which the clocks', () => {
  const SATURDAY: Weekday = 6
  const SUNDAY: Weekday = 7

  /** How many milliseconds a window is open that opens on the given Sunday, or on the day before. */
  const openMs = (sundayAt: number, hours: string, day: Weekday) => {
    const parsed = parseHours(hours)
    if ('problem' in parsed) throw new Error(parsed.problem)
    const windows = createTimeWindows('Europe/Berlin', [{ days: [day], ...parsed.value }], closedDates([]))
    const { open, until: openAt } = windows.at(sundayAt - DAY)
    expect(open).toBe(false)
    // If no window opens on that day, the next one opens a week later.
    return openAt > sundayAt + DAY ? 0 : windows.at(openAt).until - openAt
  }

  const inWords = (ms: number) =>
    ms === 0
      ? 'nothing'
      : formatDuration(ms)
          .replace(/(\d+)h/, (_, hours: string) => (hours === '1' ? '1 hour ' : `${hours} hours `))
          .replace(/(\d+)m/, '$1 minutes')
          .trim()

  it.each([
    ['forward', Date.UTC(2027, 2, 28)],
    ['back', Date.UTC(2027, 9, 31)],
  ])('go %s gives the length of each window', (way, sundayAt) => {
    const rows = tableAfter(`${FOLDER}/time-windows.md`, `## When the clocks go ${way}`)
    expect(rows.length).toBeGreaterThan(4)
    const computed = rows.map(([cell = '']) => {
      const [, hours = ''] = /"(.*?)"/.exec(cell) ?? []
      return [cell, inWords(openMs(sundayAt, hours, cell.includes('opened on the') ? SATURDAY : SUNDAY))]
    })
    expect(rows.map((row) => [row[0], row[2]])).toEqual(computed)
  })
})

describe('the table of traps of writing', () => {
  const rows = tableAfter(WRITING, '## Traps of writing')
  const unquoted = (cell = '') => cell.slice(1, -1)

  /**
   * A policy that contains the line: as an entry in a list of banned users, or as a key. Each policy has its own Region, so
   * that no warning says that one makes another superfluous.
   */
  const policyWith = (line: string, index: number) => {
    const head = `version: 1\npolicies:\n  - name: p${index}\n    match: { regions: [eu-central-${index + 1}] }\n`
    return line.startsWith('- ')
      ? `${head}    kind: banned-users\n    users:\n      ${line}\n`
      : `${head}    kind: max-session-age\n    maxAge: 8h\n    ${line}\n`
  }

  /** The lines for which `curfew validate` reports a problem that matches `severity`. */
  const validate = async (lines: readonly string[], severity: RegExp) => {
    const files = lines.map((line, index) => [`${index}.yaml`, policyWith(line, index)] as const)
    await using here = await workspace(Object.fromEntries(files))
    const { stderr } = await here.run(['validate', ...files.map(([name]) => name)])
    const problems = stderr.split('\n').filter((text) => severity.test(text))
    return lines.filter((_, index) => problems.some((text) => text.startsWith(`${index}.yaml:`)))
  }

  it('gives only lines that Curfew refuses in the first column', async () => {
    const wrong = rows.map(([written]) => unquoted(written))
    expect(wrong.length).toBeGreaterThan(5)
    expect(await validate(wrong, /: error: /)).toEqual(wrong)
  })

  it('gives lines without an error or warning in the last column', async () => {
    const right = rows.map(([, , instead]) => unquoted(instead))
    expect(await validate(right, /: (?:error|warning): /)).toEqual([])
  })
})
