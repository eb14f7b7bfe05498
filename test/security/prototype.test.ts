import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, describe, expect, it, onTestFinished } from 'vitest'
import { createStateFile, loadState, peekState } from '../../src/adapters/files/state-file.ts'
import { loadConfiguration } from '../../src/config/load.ts'
import { formatProblem } from '../../src/config/yaml/problem.ts'
import { memoryFiles } from '../config/memory-files.ts'

const NAMES = ['__proto__', 'constructor', 'prototype', 'toString', 'hasOwnProperty', 'valueOf']

const load = (
  curfew: string,
  policies = 'version: 1\npolicies: [{ name: a, kind: max-session-age, maxAge: 8h }]\n',
) => {
  const head = 'version: 1\npolicies: [./policies]\n'
  const files = memoryFiles({ 'curfew.yaml': head + curfew, 'policies/a.yaml': policies })
  const { configuration, problems } = loadConfiguration(files, 'curfew.yaml')
  return { configuration, said: problems.map(formatProblem) }
}

const WATCH = 'watch: [{ region: eu-central-1, endpoints: [cvpn-endpoint-0123456789abcdef0] }]\n'

/** Keys that would show on every object if one of them had reached the prototype. */
afterEach(() => {
  const object: Record<string, unknown> = {}
  for (const key of ['mode', 'polluted', 'guard']) if (object[key] !== undefined) throw new Error(`${key} got through`)
})

describe('keys that objects have by themselves', () => {
  it.each(NAMES)('are refused as %s: where they mean nothing', (name) => {
    for (const map of [
      `${WATCH}${name}: { mode: enforce, polluted: true }\n`,
      `${WATCH}guard: { ${name}: { maxPercent: 100 } }\n`,
      `watch: [{ region: eu-central-1, endpoints: [cvpn-endpoint-0123456789abcdef0], ${name}: { mode: enforce } }]\n`,
    ]) {
      const { configuration, said } = load(map)
      expect(configuration).toBeUndefined()
      expect(said).toHaveLength(1)
      expect(said.join()).toContain(name)
    }
  })

  it('are never left out without a word: a tag that is not asked for would widen what is watched', () => {
    const found = (name: string) =>
      load(`watch: [{ region: eu-central-1, discover: { tags: { ${name}: x, a: b } } }]\n`)
    expect(found('__proto__').configuration).toBeUndefined()
    for (const name of NAMES.slice(1)) {
      const tags = new Map([
        [name, 'x'],
        ['a', 'b'],
      ])
      expect(found(name).configuration?.watch[0]?.discover).toEqual({ tags })
    }
  })

  it('are names like any other: of groups, policies and people', () => {
    const [, ...names] = NAMES
    const groups = names.map((name) => `${name}: [${name}-member]`).join(', ')
    const policies = names.map(
      (name) => `  - { name: ${name}, kind: banned-users, users: ["group:${name}", ${name}] }\n`,
    )
    const { configuration, said } = load(WATCH, `version: 1\ngroups: { ${groups} }\npolicies:\n${policies.join('')}`)
    expect(said).toEqual([])
    expect(configuration?.policies.map(({ name }) => name)).toEqual(names)
  })

  it('are no groups, calendars or kinds that nobody has defined', () => {
    for (const name of NAMES) {
      const ban = `version: 1\npolicies: [{ name: a, kind: banned-users, users: ["group:${name}"] }]\n`
      expect(load(WATCH, ban).configuration).toBeUndefined()
      const kind = `version: 1\npolicies: [{ name: a, kind: ${name}, maxAge: 8h }]\n`
      expect(load(WATCH, kind).configuration).toBeUndefined()
    }
  })
})

describe('a state file that somebody prepared', () => {
  const write = (text: string) => {
    const folder = mkdtempSync(join(tmpdir(), 'curfew-security-'))
    onTestFinished(() => rmSync(folder, { recursive: true }))
    const file = join(folder, 'state.json')
    writeFileSync(file, text)
    return file
  }

  it('reaches no prototype', async () => {
    const age = { hash: 'x', acts: true, changedAt: 1 }
    const policies = `{"__proto__": ${JSON.stringify({ ...age, mode: 'enforce', polluted: true })}, "constructor": ${JSON.stringify({ ...age, prototype: { polluted: true } })}}`
    const state = await peekState(write(`{"version":1,"policies":${policies},"endpoints":{}}`))
    expect(Object.getPrototypeOf(state.policies)).toBe(Object.prototype)
    expect(Object.entries(state.policies)).toEqual([
      ['__proto__', age],
      ['constructor', age],
    ])
  })

  it.each([
    '{"version":1,"policies":[],"endpoints":{}}',
    '{"version":1,"__proto__":{"polluted":true},"policies":{},"endpoints":{}}',
    '{"version":2,"policies":{},"endpoints":{}}',
    '{"version":1,"policies":{},"endpoints":{"a":{"guard":"off"}}}',
    `${'['.repeat(200_000)}`,
    'null',
    '',
  ])('is set aside whole if it is not ours: %#', async (text) => {
    const file = write(text)
    const { state, setAside } = await loadState(file)
    expect(setAside?.file).toBe(`${file}.unreadable`)
    expect(Object.keys(state.policies)).toEqual([])
    await createStateFile(file).save(state)
    expect((await loadState(file)).setAside).toBeUndefined()
  })
})
