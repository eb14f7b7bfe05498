import { spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { stringify } from 'yaml'
import { blocks } from '../docs/pages.ts'
import { FOLDER, TEST_FILES } from '../house/alert-rules.ts'

/** Debian's programs, not whatever is first on the path. */
const [PROMTOOL, AMTOOL] = ['/usr/bin/promtool', '/usr/bin/amtool']

const scratch = mkdtempSync(join(tmpdir(), 'curfew-rules-'))

beforeAll(() => {
  for (const program of [PROMTOOL, AMTOOL])
    if (!existsSync(program)) throw new Error(`${program} is not there: run scripts/install-test-servers.sh`)
})

afterAll(() => rmSync(scratch, { recursive: true, force: true }))

const run = (program: string, ...args: readonly string[]) => {
  const { status, stdout, stderr } = spawnSync(program, args, { encoding: 'utf8' })
  return { status, stdout, said: stdout + stderr }
}

const written = (name: string, text: string) => {
  const path = join(scratch, name)
  writeFileSync(path, text)
  return path
}

/** With the examples that its comments hold. */
const withExamples = (name: string) => {
  const text = readFileSync(`${FOLDER}/${name}`, 'utf8')
  const shown = text.replaceAll(/^( *)# ( *(?:- )?\w+:.*)$/gm, '$1$2')
  expect(shown).not.toBe(text)
  return written(name, shown)
}

describe('promtool', () => {
  it('accepts the configuration of Prometheus with the rules that it loads', () => {
    const { status, said } = run(PROMTOOL, 'check', 'config', `${FOLDER}/prometheus.yaml`)
    expect(said).toContain('2 rule files found')
    expect(said).toMatch(/SUCCESS: 1\d rules found/)
    expect(said).not.toContain('duplicate')
    expect(status).toBe(0)
  })

  it('accepts it with its examples', () => {
    const { status, said } = run(PROMTOOL, 'check', 'config', '--syntax-only', withExamples('prometheus.yaml'))
    expect(said).toContain('is valid')
    expect(status).toBe(0)
  })

  it.each(TEST_FILES)('finds %s passing', (name) => {
    const { status, said } = run(PROMTOOL, 'test', 'rules', `${FOLDER}/tests/${name}`)
    expect(said).toContain('SUCCESS')
    expect(said).not.toContain('FAILED')
    expect(status).toBe(0)
  })

  it('can read every query of the runbook', () => {
    const rules = blocks
      .filter(({ page, language }) => page === 'docs/runbook.md' && language === 'promql')
      .map(({ line, text }) => ({ record: `runbook:line:${line}`, expr: text }))
    expect(rules.length).toBeGreaterThan(10)
    const { status, said } = run(
      PROMTOOL,
      'check',
      'rules',
      written('runbook.yaml', stringify({ groups: [{ name: 'runbook', rules }] })),
    )
    expect(said).toContain(`SUCCESS: ${rules.length} rules found`)
    expect(status).toBe(0)
  })
})

describe('amtool', () => {
  it('accepts the configuration of Alertmanager, as it is and with its examples', () => {
    const plain = run(AMTOOL, 'check-config', `${FOLDER}/alertmanager.yaml`)
    expect(plain.said).toContain('1 receivers')
    expect(plain.status).toBe(0)
    const shown = run(AMTOOL, 'check-config', withExamples('alertmanager.yaml'))
    expect(shown.said).toContain('3 receivers')
    expect(shown.status).toBe(0)
  })

  it.each([
    ['critical', 'on-call'],
    ['warning', 'team'],
    ['info', 'nobody'],
  ])('routes %s to %s', (severity, receiver) => {
    const config = withExamples('alertmanager.yaml')
    const { stdout } = run(AMTOOL, 'config', 'routes', 'test', `--config.file=${config}`, `severity=${severity}`)
    expect(stdout.trim()).toBe(receiver)
  })
})
