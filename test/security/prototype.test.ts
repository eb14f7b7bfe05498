import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, describe, expect, it, onTestFinished } from 'vitest'
import { seal } from '../../src/adapters/files/seal.ts'
import { createStateFile } from '../../src/adapters/files/state-file.ts'
import { StateError } from '../../src/app/state.ts'
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
  return { configuration, messages: problems.map(formatProblem) }
}

const WATCH = 'watch: [{ region: eu-central-1, endpoints: [cvpn-endpoint-0123456789abcdef0] }]\n'

/** If one of these keys had reached the prototype, every object would have it. */
afterEach(() => {
  const object: Record<string, unknown> = {}
  for (const key of ['mode', 'polluted', 'guard'])
    if (object[key] !== undefined) throw new Error(`the prototype has the key ${key}`)
})

describe('keys that every object inherits', () => {
  it.each(NAMES)('are refused as unknown keys: %s', (name) => {
    for (const map of [
      `${WATCH}${name}: { mode: enforce, polluted: true }\n`,
      `${WATCH}guard: { ${name}: { maxPercent: 100 } }\n`,
      `watch: [{ region: eu-central-1, endpoints: [cvpn-endpoint-0123456789abcdef0], ${name}: { mode: enforce } }]\n`,
    ]) {
      const { configuration, messages } = load(map)
      expect(configuration).toBeUndefined()
      expect(messages).toHaveLength(1)
      expect(messages.join()).toContain(name)
    }
  })

  it('are never dropped silently as tags: Curfew would then watch more endpoints', () => {
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

  it('are valid names of groups, policies and users', () => {
    const [, ...names] = NAMES
    const groups = names.map((name) => `${name}: [${name}-member]`).join(', ')
    const policies = names.map(
      (name) => `  - { name: ${name}, kind: banned-users, users: ["group:${name}", ${name}] }\n`,
    )
    const text = `version: 1\ngroups: { ${groups} }\npolicies:\n${policies.join('')}`
    const { configuration, messages } = load(WATCH, text)
    expect(messages).toEqual([])
    expect(configuration?.policies.map(({ name }) => name)).toEqual(names)
  })

  it('are not found as groups or kinds that are not defined', () => {
    for (const name of NAMES) {
      const ban = `version: 1\npolicies: [{ name: a, kind: banned-users, users: ["group:${name}"] }]\n`
      expect(load(WATCH, ban).configuration).toBeUndefined()
      const kind = `version: 1\npolicies: [{ name: a, kind: ${name}, maxAge: 8h }]\n`
      expect(load(WATCH, kind).configuration).toBeUndefined()
    }
  })
})

describe('a malicious state file', () => {
  const write = (text: string | Buffer) => {
    const folder = mkdtempSync(join(tmpdir(), 'curfew-security-'))
    onTestFinished(() => rmSync(folder, { recursive: true }))
    const file = join(folder, 'state.json')
    writeFileSync(file, text)
    return file
  }

  it('cannot change a prototype', async () => {
    const age = { hash: 'x', acts: true, changedAt: 1 }
    const policies = `{"__proto__": ${JSON.stringify({ ...age, mode: 'enforce', polluted: true })}, "constructor": ${JSON.stringify({ ...age, prototype: { polluted: true } })}}`
    const file = write(seal(Buffer.from(`{"__proto__":{"polluted":true},"policies":${policies},"endpoints":{}}`)))
    const state = await createStateFile(file).peek()
    expect(Object.getPrototypeOf(state.policies)).toBe(Object.prototype)
    expect(Object.entries(state.policies)).toEqual([
      ['__proto__', age],
      ['constructor', age],
    ])
  })

  const contents = [
    '{"policies":[],"endpoints":{}}',
    '{"__proto__":{"polluted":true,"policies":{},"endpoints":{}}}',
    '{"policies":{},"endpoints":{"a":{"holds":"off"}}}',
    `${'['.repeat(200_000)}`,
    'null',
  ]
  it.each([
    '',
    ...['', ...contents].map((content) => seal(Buffer.from(content))),
    '{"version":3,"__proto__":{"polluted":true},"policies":{},"endpoints":{}}',
    '{"version":4,"policies":{},"endpoints":{}}',
  ])('is set aside as a whole if its format is unknown: %#', async (content) => {
    const file = write(content)
    const { state, setAside } = await createStateFile(file).load()
    expect(setAside?.file).toBe(`${file}.unreadable`)
    expect(Object.keys(state.policies)).toEqual([])
    await createStateFile(file).save(state)
    expect((await createStateFile(file).load()).setAside).toBeUndefined()
  })

  it.each(contents)('is refused if it has no mark of a state: %#', async (content) => {
    const file = write(content)
    await expect(createStateFile(file).load()).rejects.toThrow(StateError)
  })
})
