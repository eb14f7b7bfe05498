import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { createMetrics } from '../../src/adapters/prometheus/metrics.ts'
import { HOUR } from '../../src/domain/time/instant.ts'
import { blocks } from '../docs/pages.ts'
import { ENDPOINT, NOON, policy } from '../domain/build.ts'
import { alertRules, expectations, recordingRules, scrapeJobs } from './alert-rules.ts'
import { metricsIn } from './promql-names.ts'

const RUNBOOK = 'docs/runbook.md'
const runbook = readFileSync(RUNBOOK, 'utf8')

const unique = (values: readonly string[]) => [...new Set(values)]
const alerts = unique(alertRules.map(({ alert }) => alert))
const queries = [...alertRules, ...recordingRules].map(({ expr }) => expr)
const runbookQueries = blocks
  .filter(({ page, language }) => page === RUNBOOK && language === 'promql')
  .map(({ text }) => text)

const RECORDED = /\bjob:[\w:]+/g

/** The metrics of a daemon that has just started, with policies for every reason that an alert selects. */
const startedRegistry = () => {
  const policies = [
    policy('banned-users', { users: ['mallory'] }),
    policy('max-session-age', { maxAge: '10h' }, { cooldownMs: HOUR }),
    policy('max-sessions', { limit: 2 }),
    policy('off-hours', { timeZone: 'UTC', denied: [{ hours: '00:00-06:00' }] }),
    policy('posture', { deny: ['quarantined'] }),
  ]
  const { registry, observe } = createMetrics({
    version: '0.0.0',
    engine: 'postgres',
    policies: () => policies,
    targets: () => ['security-desk'],
    changedAt: () => NOON,
  })
  const endpoint = { id: ENDPOINT, name: 'office', region: 'eu-central-1', account: '111122223333' }
  const configuration = {
    mode: 'enforce',
    policies: policies.length,
    endpoints: [endpoint],
    policySetHash: '',
  } as const
  observe({ event: 'started', ...configuration, at: NOON })
  return registry
}

const registry = startedRegistry()
const series = (await registry.metrics()).split('\n').filter((line) => line !== '' && !line.startsWith('#'))

interface Metric {
  readonly type: string
  readonly labelNames: readonly string[]
}

const metricOf = (name: string) => {
  const whole = name.replace(/_(bucket|count|sum)$/, '')
  return (registry.getSingleMetric(name) ?? registry.getSingleMetric(whole)) as unknown as Metric | undefined
}

/** The labels that Prometheus, its discovery and histograms add. */
const ADDED = ['job', 'instance', 'pod', 'le']

/** The matchers of a selector, one for each value that they allow. */
const allowedIn = (selector: string) =>
  [...selector.matchAll(/(\w+)\s*=~?\s*"([^"]*)"/g)].flatMap(([, label = '', words = '']) =>
    words.split('|').map((word) => ({ label, word })),
  )

/** Selectors of counters. A counter must exist at zero, or Prometheus misses its first increase. */
const counterSelectors = queries.flatMap((expr) =>
  [...expr.matchAll(/\b(curfew_\w+_(?:total|bucket|count))\{([^}]*)\}/g)].map(([, name = '', selector = '']) => ({
    name,
    words: allowedIn(selector),
  })),
)

describe('the alerts', () => {
  it.each(alertRules)(
    '$alert ($labels.severity) has a summary, a description, a severity and a link to the runbook',
    (rule) => {
      expect(rule.alert).toMatch(/^Curfew([A-Z][a-z]+)+$/)
      expect(['critical', 'warning', 'info']).toContain(rule.labels.severity)
      expect(rule.annotations.summary).toMatch(/^[A-Z].{20,160}$/)
      expect(rule.annotations.description).toMatch(/^[A-Z].{20,300}\.$/)
      expect(rule.annotations.runbook_url).toBe(
        `https://example.com/curfew/docs/runbook.md#${rule.alert.toLowerCase()}`,
      )
      expect(['0m', '1m', '2m', '15m']).toContain(rule.for ?? '0m')
    },
  )

  it('have one heading each in the runbook, which has no others', () => {
    const headings = [...runbook.matchAll(/^##+ (.*)$/gm)].map(([, heading = '']) => heading)
    expect(headings.toSorted()).toEqual(alerts.toSorted())
  })

  it('select the job name of the scrape configuration', () => {
    const jobs = alertRules.flatMap(({ expr }) => [...expr.matchAll(/job="(\w+)"/g)].map(([, job]) => job))
    expect(new Set(jobs)).toEqual(new Set(scrapeJobs))
  })

  it('have promtool tests in which they fire and in which they are silent', () => {
    const isTested = ({ alert, labels }: (typeof alertRules)[number]) => {
      const severities = expectations.filter((one) => one.alert === alert).map((one) => one.severities)
      return severities.some((all) => all.includes(labels.severity)) && severities.some((all) => all.length === 0)
    }
    expect(alertRules.filter((rule) => !isTested(rule))).toEqual([])
  })
})

describe('the queries of the alerts, the recording rules and the runbook', () => {
  const all = [...queries, ...runbookQueries].map((expr) => expr.replaceAll(RECORDED, ''))

  it('select existing metrics by existing labels', () => {
    const named = [...all, runbook].flatMap(metricsIn)
    expect(named.length).toBeGreaterThan(40)
    expect(named.filter(({ metric }) => metricOf(metric) === undefined)).toEqual([])
    const unknown = named.flatMap(({ metric, labels }) =>
      labels.filter((label) => ![...ADDED, ...(metricOf(metric)?.labelNames ?? [])].includes(label)),
    )
    expect(unknown).toEqual([])
  })

  it('group and match by existing labels', () => {
    const clauses = all.flatMap((expr) => {
      const labels = metricsIn(expr).flatMap(({ metric }) => metricOf(metric)?.labelNames ?? [])
      const existing = new Set([...ADDED, ...labels])
      return [...expr.matchAll(/\b(?:by|without|on|ignoring|group_left) \(([^)]*)\)/g)].flatMap(([, listed = '']) =>
        listed.split(', ').map((label) => ({ expr, label, exists: existing.has(label) })),
      )
    })
    expect(clauses.length).toBeGreaterThan(40)
    expect(clauses.filter(({ exists }) => !exists)).toEqual([])
  })

  it('select counters that exist at zero after the start, by label values that the daemon uses', () => {
    expect(counterSelectors.length).toBeGreaterThan(20)
    // 30.0 is the spelling of Prometheus 3; the daemon writes 30.
    const selected = counterSelectors.flatMap(({ name, words }) =>
      words.filter(({ word }) => word !== '30.0').map((word) => ({ name, word })),
    )
    const missing = selected.filter(
      ({ name, word: { label, word } }) =>
        !series.some(
          (line) => line.startsWith(`${name}{`) && line.includes(`${label}="${word}"`) && line.endsWith(' 0'),
        ),
    )
    expect(missing).toEqual([])
  })

  it('use each recording, whose name has the metric, the operation and the window', () => {
    const used = unique(alertRules.flatMap(({ expr }) => expr.match(RECORDED) ?? []))
    expect(used.toSorted()).toEqual(recordingRules.map(({ record }) => record).toSorted())
    for (const { record, expr } of recordingRules) {
      const [, window] = /^job:curfew_\w+:(?:ratio_rate|increase)(\d+[mhd])$/.exec(record) ?? []
      expect(new Set(expr.match(/\[\w+\]/g))).toEqual(new Set([`[${window}]`]))
    }
  })

  it('have the same expression for every window of a recording', () => {
    const expressions = unique(recordingRules.map(({ expr }) => expr.replaceAll(/\[\w+\]/g, '')))
    expect(expressions.length).toBe(2)
  })
})

describe('the runbook', () => {
  it('names only events of the log', () => {
    const source = readdirSync('src', { recursive: true, encoding: 'utf8' })
      .filter((name) => name.endsWith('.ts'))
      .map((name) => readFileSync(join('src', name), 'utf8'))
      .join('\n')
    const events = [...runbook.matchAll(/log\s+event\s+`([^`]+)`/gi)].map(([, event = '']) => event)
    expect(events.length).toBeGreaterThan(10)
    expect(events.filter((event) => !source.includes(`event: '${event}'`))).toEqual([])
  })
})
