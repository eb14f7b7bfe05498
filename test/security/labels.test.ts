import { execFileSync } from 'node:child_process'
import { describe, expect, it } from 'vitest'
import { createMetrics } from '../../src/adapters/prometheus/metrics.ts'
import { ENDPOINT, EVENTS, VIOLATION } from '../adapters/log/events.ts'
import { policy } from '../domain/build.ts'

/** A name that tries to end its label, sample and line, and to add forged samples. */
const HOSTILE = 'x"} 1\ncurfew_enforcing 7\n# TYPE evil counter\nevil{a="\\'

/** A sample line by the grammar of Prometheus's text format. */
const SAMPLE =
  /^[a-zA-Z_:][\w:]*(?:\{(?:[a-zA-Z_]\w*="(?:[^"\\\n]|\\[\\"n])*",?)*\})? (?:[+-]?[\d.]+(?:e[+-]?\d+)?|[+-]Inf|Na[Nn])$/
const COMMENT = /^# (?:HELP|TYPE) [a-zA-Z_:][\w:]* .+$/

/** The metrics after events of an endpoint, a policy and a user with this name. */
const metricsWith = async (name: string) => {
  const policies = [policy('max-session-age', { maxAge: '8h' }, { name })]
  const { registry, observe } = createMetrics({
    version: '0.0.0',
    engine: 'postgres',
    policies: () => policies,
    targets: () => ['desk'],
    changedAt: () => 0,
  })
  const endpoint = { ...ENDPOINT, name }
  observe({ ...EVENTS.started, endpoints: [endpoint] })
  const violation = { ...VIOLATION, policy: name, username: name, connectionId: name }
  observe({ ...EVENTS.violation, endpoint, violation })
  observe({ ...EVENTS.termination, endpoint, violation })
  observe({ ...EVENTS.held, endpoint, policy: name })
  return registry.metrics()
}

const linesOf = (text: string) =>
  text
    .trimEnd()
    .split('\n')
    .filter((line) => line !== '')

describe('a name in a label', () => {
  it('cannot end its label, whatever characters it has', async () => {
    const text = await metricsWith(HOSTILE)
    const lines = linesOf(text)
    for (const line of lines) expect(line).toMatch(line.startsWith('#') ? COMMENT : SAMPLE)
    expect(lines.filter((line) => line.startsWith('curfew_enforcing'))).not.toContain('curfew_enforcing 7')
    expect(lines).toHaveLength(linesOf(await metricsWith('daily')).length)
    expect(text).toContain('policy="x\\"} 1\\ncurfew_enforcing 7\\n# TYPE evil counter\\nevil{a=\\"\\\\"')
  })

  it('is accepted by promtool', async () => {
    const output = execFileSync('/usr/bin/promtool', ['check', 'metrics'], {
      input: await metricsWith(HOSTILE),
      encoding: 'utf8',
    })
    expect(output).toBe('')
  })
})
