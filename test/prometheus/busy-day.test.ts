import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import type { Dashboard } from '@grafana/grafana-foundation-sdk/dashboard'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { answersOf } from '../../scripts/dashboards-preview/answer.ts'
import { draw } from '../../scripts/dashboards-preview/page.ts'
import { MINUTE, SECOND } from '../../src/domain/time/instant.ts'
import { panelsOf, queriesOf, targetsOf } from '../house/dashboard-queries.ts'
import { startAlertmanager } from './alertmanager.ts'
import { openCompany } from './company.ts'
import { complaints } from './complaints.ts'
import { eventually } from './eventually.ts'
import { type Labels, type Rule, startPrometheus } from './prometheus.ts'
import { byHand, byServiceMonitor, SERVICE_MONITOR_LABELS } from './scrape.ts'

/** The alerts of the day: name, severity, daemon, endpoint or Region, and policy, action or target. */
const PROVOKED = [
  'CurfewAuditNotWritable warning branch',
  'CurfewBreakGlassUsed warning head berlin',
  'CurfewEndpointBlind critical head virginia',
  'CurfewGuardHolding warning head berlin daily',
  'CurfewGuardHolding warning head munich daily',
  'CurfewNotEnforcing critical branch',
  'CurfewNotificationsLost warning head chat',
  'CurfewPermissionMissing warning head lab ec2:TerminateClientVpnConnections',
  'CurfewQueueLong info branch eu-west-1',
  'CurfewReconnectLoop info head berlin leavers',
  'CurfewReloadRefused warning head',
  'CurfewTerminationGaveUp critical head munich closing',
  'CurfewThrottled warning head us-east-1 DescribeClientVpnConnections',
]

/**
 * Rules on ages, burn rates and states of two minutes or more need more time than this test has: the promtool tests
 * cover them.
 */
const needsMoreTime = ({ query, duration = 0 }: Rule) => duration >= 120 || /\btime\(\)|\bjob:/.test(query)

/** Alerts that only replicas have. `replicas.test.ts` has some. */
const needsReplicas = ({ name, query }: Rule) => name !== 'CurfewNotEnforcing' && query.includes('curfew_engine_')

/** Panels that have no mark on this day, and why. They say "none: 0". */
const MAY_BE_EMPTY: Readonly<Record<string, string>> = {
  'Warnings, by policy': 'the warnings are sent before Prometheus asks for the first time',
}

/**
 * The interval that the data source of `provisioning` has. The windows of rates overlap by it: with the second of this
 * Prometheus, one late scrape would hide an event at the end of a minute.
 */
const SCRAPE_INTERVAL_MS = 15 * SECOND

const open: AsyncDisposable[] = []
const keep = <Kept extends AsyncDisposable>(one: Kept): Kept => {
  open.unshift(one)
  return one
}

let addresses: { readonly head: string; readonly branch: string }
let prometheus: Awaited<ReturnType<typeof startPrometheus>>
let beforeFailures: readonly string[]
let [fired, arrived]: [readonly string[], readonly string[]] = [[], []]
let [from, to] = [0, 0]

const titleOf = ({ alertname, severity, instance, name, region, policy, action, target }: Labels) => {
  const daemon = instance === addresses.head ? 'head' : 'branch'
  return [alertname, severity, daemon, name ?? region, policy ?? action ?? target].filter(Boolean).join(' ')
}
const titlesOf = (alerts: ReadonlyArray<{ readonly labels: Labels }>) =>
  alerts.map(({ labels }) => titleOf(labels)).toSorted()
const areAllThere = (titles: readonly string[]) => PROVOKED.every((title) => titles.includes(title))

const untilFound = async (query: string) => {
  const found = await eventually(
    () => prometheus.query(query),
    (series) => series.length > 0,
    5 * MINUTE,
  )
  if (found.length === 0) throw new Error(`Prometheus does not find ${query}`)
}

const firing = async () => titlesOf((await prometheus.alerts()).filter(({ state }) => state === 'firing'))

beforeAll(async () => {
  const company = keep(await openCompany())
  addresses = await company.addresses()
  const alertmanager = keep(await startAlertmanager())
  prometheus = keep(
    await startPrometheus([byServiceMonitor(addresses.head), byHand(addresses.branch)], alertmanager.address),
  )
  from = Date.now()

  await untilFound('count(curfew_connections) == 4')
  await untilFound('sum(curfew_terminations_total{outcome="confirmed"}) >= 2')
  await eventually(
    () => prometheus.rules(),
    (rules) => rules.every(({ type, health }) => type === 'recording' || health !== 'unknown'),
  )
  beforeFailures = titlesOf(await prometheus.alerts())

  await company.goWrong()
  await untilFound('ALERTS{alertname="CurfewReconnectLoop", alertstate="firing"}')
  company.endReconnects()
  fired = await eventually(firing, areAllThere, 10 * MINUTE)
  arrived = await eventually(async () => titlesOf(await alertmanager.alerts()), areAllThere)
  to = Date.now()
}, 30 * MINUTE)

afterAll(async () => {
  for (const one of open) await one[Symbol.asyncDispose]()
})

describe('the alerts', () => {
  it('are silent while there is no failure', () => {
    expect(beforeFailures).toEqual([])
  })

  it('fire in Prometheus and arrive at Alertmanager for the failures of the day, and no others', async () => {
    expect(fired).toEqual(PROVOKED)
    expect(arrived).toEqual(PROVOKED)
    const ever = await prometheus.query('last_over_time(ALERTS{alertstate="firing"}[10m])')
    expect(titlesOf(ever)).toEqual(PROVOKED)
  })

  it('all fire, except those that need more time', async () => {
    const quick = (await prometheus.rules()).filter(
      (rule) => rule.type === 'alerting' && !needsMoreTime(rule) && !needsReplicas(rule),
    )
    const provoked = new Set(PROVOKED.map((title) => title.split(' ')[0]))
    expect(new Set(quick.map(({ name }) => name))).toEqual(provoked)
  })

  it('have every label of their texts', async () => {
    for (const { labels, annotations } of await prometheus.alerts())
      expect([titleOf(labels), Object.values(annotations).join('\n')]).toEqual([
        titleOf(labels),
        expect.not.stringMatching(/<no value>|<error|%!/),
      ])
  })
})

describe('the rules', () => {
  it('are all evaluated without an error', async () => {
    const rules = await eventually(
      () => prometheus.rules(),
      (all) => all.every(({ health }) => health !== 'unknown'),
    )
    const failing = rules.filter(({ health }) => health !== 'ok')
    expect(failing.map(({ name, lastError }) => `${name}: ${lastError}`)).toEqual([])
  })

  it('record numbers', async () => {
    const recording = (await prometheus.rules()).filter(({ type }) => type === 'recording')
    const queries = recording.map(({ name, query }) => ({ where: name, expr: query }))
    expect(queries).not.toEqual([])
    expect(await complaints(queries, prometheus.query)).toEqual([])
  })

  // A silent alert has no result, so the test queries its selectors. curfew_missing_permissions exists only while one
  // is missing. The metrics of replicas are asked for in replicas.test.ts.
  it('of the alerts select series that exist', async () => {
    const selectors = (await prometheus.rules()).flatMap(({ name, type, query }) =>
      type === 'recording'
        ? []
        : [...query.matchAll(/\b(?:curfew_(?!engine_)\w+|job:[\w:]+|up\b)(?:\{[^}]*\})?/g)].map(([expr]) => ({
            where: name,
            expr,
          })),
    )
    expect(selectors.length).toBeGreaterThan(0)
    expect(await complaints(selectors, prometheus.query)).toEqual([])
  })
})

describe.each(['connect-handler', 'operations', 'policies'])('the dashboard %s', (name) => {
  it('has data in every panel', async () => {
    const dashboard = JSON.parse(readFileSync(`deploy/grafana/dashboards/${name}.json`, 'utf8')) as Dashboard
    const valuesOf = async (metric: string, label: string) =>
      (await prometheus.query(`group by (${label}) (${metric})`)).map(({ labels }) => labels[label] ?? '')
    const stepMs = 5 * SECOND
    const queries = queriesOf(dashboard, {
      variables: {
        datasource: 'prometheus',
        region: await valuesOf('curfew_endpoint_info', 'region'),
        vpn_endpoint: await valuesOf('curfew_endpoint_info', 'vpn_endpoint'),
        policy: await valuesOf('curfew_violations_total', 'policy'),
      },
      rangeMs: to - from,
      intervalMs: stepMs,
      scrapeIntervalMs: SCRAPE_INTERVAL_MS,
    }).map(({ panel, refId, expr }) => ({ where: `${panel} (${refId})`, expr }))
    expect(queries.length).toBeGreaterThan(0)
    // A result at the end, and a number at some time of the day: at the end nothing is terminated, so quantiles are
    // NaN.
    const ask = async (expr: string) => {
      const atTheEnd = await prometheus.query(expr)
      return atTheEnd.length === 0 ? [] : prometheus.queryRange(expr, from, to, stepMs)
    }
    expect(await complaints(queries, ask)).toEqual([])
  })

  it('draws a mark in every panel', async () => {
    const dashboard = JSON.parse(readFileSync(`deploy/grafana/dashboards/${name}.json`, 'utf8')) as Dashboard
    // A bar stands at the end of its minute.
    const range = { from, to: to + MINUTE, stepMs: 5 * SECOND, scrapeIntervalMs: SCRAPE_INTERVAL_MS }
    const answers = await answersOf(dashboard, prometheus, range)
    const panels = panelsOf(dashboard).filter((panel) => targetsOf(panel).length > 0)
    const empty = panels.filter((panel) => draw(panel, answers.get(panel.title ?? '') ?? [], range).marks === 0)
    expect(empty.map(({ title = '' }) => title).filter((title) => !(title in MAY_BE_EMPTY))).toEqual([])
  })
})

describe.each(['head', 'branch'] as const)('the metrics of the %s', (daemon) => {
  it('are accepted by promtool', async () => {
    const metrics = await (await fetch(`http://${addresses[daemon]}/metrics`)).text()
    expect(metrics).toContain('curfew_build_info')
    const result = await new Promise((resolve) => {
      const promtool = execFile('/usr/bin/promtool', ['check', 'metrics'], (error, stdout, stderr) =>
        resolve({ code: error?.code ?? 0, stdout, stderr }),
      )
      promtool.stdin?.end(metrics)
    })
    expect(result).toEqual({ code: 0, stdout: '', stderr: '' })
  })
})

describe('the labels of a ServiceMonitor', () => {
  it('are on every series, and replace no label of Curfew', async () => {
    const series = await prometheus.series(`{instance="${addresses.head}", __name__=~"curfew_.+"}`)
    expect(series.length).toBeGreaterThan(100)
    for (const labels of series) {
      expect(labels).toMatchObject(SERVICE_MONITOR_LABELS)
      expect(Object.keys(labels).filter((label) => label.startsWith('exported_'))).toEqual([])
    }
  })
})
