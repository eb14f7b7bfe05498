import type { LogsQuery, MetricsQuery } from '@grafana/grafana-foundation-sdk/cloudwatch'
import type { Dashboard } from '@grafana/grafana-foundation-sdk/dashboard'
import { HOUR, MINUTE, toIso } from '../../src/domain/time/instant.ts'
import { cloudWatchTargetsOf, panelsOf } from '../../test/house/dashboard-queries.ts'
import type { Answer, Range } from './answer.ts'

// No CloudWatch can be asked here. These values are samples: nobody measured them, and the page says so at each panel.

type Wave = (point: number) => number

const about =
  (level: number): Wave =>
  (point) =>
    Math.round(level * (1 + 0.5 * Math.sin(point / 23) + 0.2 * Math.sin(point / 3)))
/** One at a time, and nothing in between. */
const rarely =
  (first: number): Wave =>
  (point) =>
    point % 97 === first ? 1 : 0

const BY_DECISION: Readonly<Record<string, Wave>> = {
  allow: about(34),
  deny: about(4),
  audit: about(2),
  'on-error': rarely(31),
}
const BY_POLICY: Readonly<Record<string, Wave>> = { leavers: about(3), 'office-hours': about(1), managed: rarely(12) }
const BY_ENDPOINT: Readonly<Record<string, number>> = {
  'cvpn-endpoint-0123456789abcdef1': 1,
  'cvpn-endpoint-0123456789abcdef2': 0.4,
}
const MS_BY_STATISTIC: Readonly<Record<string, Readonly<Record<string, Wave>>>> = {
  DurationMs: { p50: about(3), p99: about(40) },
  Duration: { p50: about(14), p99: about(180), Maximum: about(900) },
}
const BY_METRIC: Readonly<Record<string, Wave>> = {
  Decisions: about(40),
  OnErrors: rarely(31),
  Unknown: about(1),
  Errors: rarely(40),
  Throttles: rarely(57),
  ConcurrentExecutions: about(6),
  ClientConnectHandlerDeniedConnections: about(20),
  ClientConnectHandlerTimeouts: rarely(40),
  ClientConnectHandlerThrottlingErrors: rarely(57),
  ClientConnectHandlerInvalidResponses: rarely(11),
  ClientConnectHandlerOtherExecutionErrors: rarely(23),
  ClientConnectHandlerFailedServiceErrors: rarely(67),
  ActiveConnectionsCount: about(900),
}

const wavesOf = (metricName: string, statistic: string): Wave => {
  const wave = MS_BY_STATISTIC[metricName]?.[statistic] ?? BY_METRIC[metricName]
  if (wave === undefined) throw new Error(`the metric ${metricName} has no sample: add one to sample.ts`)
  return wave
}

/** The lines of a query, by their names. */
const linesOf = (
  { metricName = '', statistic = '', label = '', dimensions = {}, expression = '' }: MetricsQuery,
  places: number,
): Readonly<Record<string, Wave>> => {
  const [, summed] = /MetricName="(\w+)"/.exec(expression) ?? []
  if (summed !== undefined) return { [label]: wavesOf(summed, 'Sum') }
  if (expression.includes('$places')) return { [label]: () => places }
  const { Decision, Policy } = dimensions
  if (Policy === '*') return BY_POLICY
  if (Decision === '*') return BY_DECISION
  if (typeof Decision === 'string') return { [label]: BY_DECISION[Decision] ?? wavesOf(metricName, statistic) }
  const wave = wavesOf(metricName, statistic)
  if (label !== '${LABEL}') return { [label]: wave }
  return Object.fromEntries(
    Object.entries(BY_ENDPOINT).map(([id, share]) => [id, (point: number) => Math.round(wave(point) * share)]),
  )
}

const FIELDS: Readonly<Record<string, readonly string[]>> = {
  Decision: ['deny', 'audit', 'deny'],
  policy: ['leavers', 'managed', 'office-hours'],
  reason: ['banned-user', 'posture', 'off-hours'],
  because: ['mallory is banned', 'the device is not compliant', 'connections are denied from 20:00 to 06:00'],
  until: ['', '', '2026-12-01T06:00:00.000Z'],
  username: ['mallory', 'erin@corp.example', 'ext-carol@vendor.example'],
  commonName: ['', '', ''],
  endpointId: Object.keys(BY_ENDPOINT),
  connectionId: ['cvpn-connection-0123456789abcdef1', 'cvpn-connection-0123456789abcdef2'],
  coldStartMs: ['412.6', '388.1', '371.9'],
  DurationMs: ['6.2', '5.8', '5.1'],
  policySetHash: ['5a0f3c1d9b27'],
}

const listingOf = (question: string, to: number): NonNullable<Answer['listing']> => {
  const columns = /^fields (.*)$/m.exec(question)?.[1]?.split(', ') ?? []
  const cell = (column: string, row: number) => {
    if (column === '@timestamp') return String(toIso(to - (row + 1) * 7 * MINUTE))
    const texts = FIELDS[column]
    if (texts === undefined) throw new Error(`the field ${column} has no sample: add one to sample.ts`)
    return texts[row % texts.length] ?? ''
  }
  return { columns, rows: [0, 1, 2].map((row) => columns.map((column) => cell(column, row))) }
}

/** The range that the dashboard opens with; Client VPN publishes every five minutes, and a formula may join the two. */
export const sampleRange = (to: number): Range => ({
  from: to - 6 * HOUR,
  to,
  stepMs: 5 * MINUTE,
  scrapeIntervalMs: MINUTE,
})

/** A sample for every query to CloudWatch of a dashboard. By the title of the panel. */
export const samplesOf = (
  dashboard: Dashboard,
  { from, to, stepMs }: Range,
): ReadonlyMap<string, readonly Answer[]> => {
  const { query } = dashboard.templating.list?.find(({ name }) => name === 'places') ?? {}
  const ats: number[] = []
  for (let at = Math.ceil(from / stepMs) * stepMs; at <= to; at += stepMs) ats.push(at)
  const answers = new Map<string, readonly Answer[]>()
  for (const panel of panelsOf(dashboard)) {
    const targets = cloudWatchTargetsOf(panel)
    const found = targets.map((target, index): Answer => {
      const refId = String.fromCodePoint(65 + index)
      const isLog = panel.type === 'table'
      const lines = isLog ? {} : linesOf(target as MetricsQuery, Number(query))
      return {
        refId,
        legendFormat: '{{line}}',
        isSample: true,
        series: Object.entries(lines).map(([line, wave]) => ({
          labels: { line },
          ats,
          values: ats.map((_, i) => wave(i)),
        })),
        ...(isLog && { listing: listingOf((target as LogsQuery).expression ?? '', to) }),
      }
    })
    if (found.length > 0) answers.set(panel.title ?? '', found)
  }
  return answers
}
