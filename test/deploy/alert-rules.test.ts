import { spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { stringify } from 'yaml'
import { blocks } from '../docs/pages.ts'
import { FOLDER, TEST_FILES } from '../house/alert-rules.ts'

/** Debian's programs, by absolute path. */
const [PROMTOOL, AMTOOL] = ['/usr/bin/promtool', '/usr/bin/amtool']

const scratch = mkdtempSync(join(tmpdir(), 'curfew-rules-'))

beforeAll(() => {
  for (const program of [PROMTOOL, AMTOOL])
    if (!existsSync(program)) throw new Error(`${program} is missing: run scripts/install-test-servers.sh`)
})

afterAll(() => rmSync(scratch, { recursive: true, force: true }))

const run = (program: string, ...args: readonly string[]) => {
  // Both are in Go. They end soon, and need a quarter less of the CPU if they collect their garbage less often.
  const env = { ...process.env, GOGC: '400' }
  const { status, stdout, stderr } = spawnSync(program, args, { encoding: 'utf8', env })
  return { status, stdout, output: stdout + stderr }
}

const written = (name: string, text: string) => {
  const path = join(scratch, name)
  writeFileSync(path, text)
  return path
}

/** Writes a copy of a file with the examples in its comments enabled. */
const withExamples = (name: string) => {
  const text = readFileSync(`${FOLDER}/${name}`, 'utf8')
  const withoutComments = text.replaceAll(/^( *)# ( *(?:- )?\w+:.*)$/gm, '$1$2')
  expect(withoutComments).not.toBe(text)
  return written(name, withoutComments)
}

describe('promtool', () => {
  it('accepts the configuration of Prometheus and its rules', () => {
    const { status, output } = run(PROMTOOL, 'check', 'config', `${FOLDER}/prometheus.yaml`)
    expect(output).toContain('2 rule files found')
    expect(output).toMatch(/SUCCESS: 2\d rules found/)
    expect(output).not.toContain('duplicate')
    expect(status).toBe(0)
  })

  it('accepts it with the examples in its comments', () => {
    const { status, output } = run(PROMTOOL, 'check', 'config', '--syntax-only', withExamples('prometheus.yaml'))
    expect(output).toContain('is valid')
    expect(status).toBe(0)
  })

  it.each(TEST_FILES)('passes %s', (name) => {
    const { status, output } = run(PROMTOOL, 'test', 'rules', `${FOLDER}/tests/${name}`)
    expect(output).toContain('SUCCESS')
    expect(output).not.toContain('FAILED')
    expect(status).toBe(0)
  })

  it('parses every query of the runbook', () => {
    const rules = blocks
      .filter(({ page, language }) => page === 'docs/runbook.md' && language === 'promql')
      .map(({ line, text }) => ({ record: `runbook:line:${line}`, expr: text }))
    expect(rules.length).toBeGreaterThan(10)
    const { status, output } = run(
      PROMTOOL,
      'check',
      'rules',
      written('runbook.yaml', stringify({ groups: [{ name: 'runbook', rules }] })),
    )
    expect(output).toContain(`SUCCESS: ${rules.length} rules found`)
    expect(status).toBe(0)
  })
})

describe('amtool', () => {
  it('accepts the configuration of Alertmanager, with and without the examples in its comments', () => {
    const plain = run(AMTOOL, 'check-config', `${FOLDER}/alertmanager.yaml`)
    expect(plain.output).toContain('1 receivers')
    expect(plain.status).toBe(0)
    const shown = run(AMTOOL, 'check-config', withExamples('alertmanager.yaml'))
    expect(shown.output).toContain('3 receivers')
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
