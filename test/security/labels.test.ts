import { execFileSync } from 'node:child_process'
import { describe, expect, it } from 'vitest'
import { createMetrics } from '../../src/adapters/prometheus/metrics.ts'
import { ENDPOINT, EVENTS, VIOLATION } from '../adapters/log/events.ts'
import { policy } from '../domain/build.ts'

/** Ends its label, its sample and its line, and begins samples that say that all is well. */
const HOSTILE = 'x"} 1\ncurfew_enforcing 7\n# TYPE evil counter\nevil{a="\\'

/** A line of the text format, by its grammar. */
const SAMPLE =
  /^[a-zA-Z_:][\w:]*(?:\{(?:[a-zA-Z_]\w*="(?:[^"\\\n]|\\[\\"n])*",?)*\})? (?:[+-]?[\d.]+(?:e[+-]?\d+)?|[+-]Inf|Na[Nn])$/
const COMMENT = /^# (?:HELP|TYPE) [a-zA-Z_:][\w:]* .+$/

/** What is shown once an endpoint, a policy and a receiver of that name have done something. */
const shownWith = async (name: string) => {
  const policies = [policy('max-session-age', { maxAge: '8h' }, { name })]
  const { registry, observe } = createMetrics({
    version: '0.0.0',
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
  it('stays in it, whatever it is made of', async () => {
    const text = await shownWith(HOSTILE)
    const lines = linesOf(text)
    for (const line of lines) expect(line).toMatch(line.startsWith('#') ? COMMENT : SAMPLE)
    expect(lines.filter((line) => line.startsWith('curfew_enforcing'))).not.toContain('curfew_enforcing 7')
    expect(lines).toHaveLength(linesOf(await shownWith('daily')).length)
    expect(text).toContain('policy="x\\"} 1\\ncurfew_enforcing 7\\n# TYPE evil counter\\nevil{a=\\"\\\\"')
  })

  it('does not confuse Prometheus’s own reader', async () => {
    const said = execFileSync('/usr/bin/promtool', ['check', 'metrics'], {
      input: await shownWith(HOSTILE),
      encoding: 'utf8',
    })
    expect(said).toBe('')
  })
})
