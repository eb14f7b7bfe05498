import { resolve } from 'node:path'
import { stringify } from 'yaml'
import { startServer } from './server.ts'

export type Labels = Readonly<Record<string, string>>

/** One value for an instant query, one for each step of a range query; NaN if a value is undefined. */
export interface Series {
  readonly labels: Labels
  /** The instant of each value. */
  readonly ats: readonly number[]
  readonly values: readonly number[]
}

export interface Alert {
  readonly labels: Labels
  readonly annotations: Labels
  readonly state: 'pending' | 'firing'
}

export interface Rule {
  readonly name: string
  readonly type: 'alerting' | 'recording'
  readonly query: string
  /** The `for` of an alert, in seconds. */
  readonly duration?: number
  /** `unknown` until the first evaluation. */
  readonly health: 'ok' | 'err' | 'unknown'
  readonly lastError?: string
}

type Point = readonly [at: number, value: string]
type ApiAnswer = { readonly status: 'success'; readonly data: unknown } | { readonly error: string }

const RULE_FILES = ['recording.rules.yaml', 'alerts.rules.yaml'].map((name) => resolve('deploy/prometheus', name))

/** Prometheus with the rules of `deploy/prometheus`. It scrapes and evaluates every second. Waits until it answers. */
export const startPrometheus = async (scrape: readonly unknown[], alertmanager: string) => {
  const config = {
    global: { scrape_interval: '1s', evaluation_interval: '1s' },
    rule_files: RULE_FILES,
    scrape_configs: scrape,
    alerting: { alertmanagers: [{ static_configs: [{ targets: [alertmanager] }] }] },
  }
  const server = await startServer(
    '/usr/bin/prometheus',
    ['--config.file=prometheus.yaml', '--storage.tsdb.path=data', '--log.level=info'],
    { 'prometheus.yaml': stringify(config) },
  )

  const get = async <Data>(path: string, parameters: Labels = {}): Promise<Data> => {
    const answer = await fetch(`${server.url}/api/v1/${path}?${new URLSearchParams(parameters).toString()}`)
    const body = (await answer.json()) as ApiAnswer
    if ('error' in body) throw new Error(body.error)
    return body.data as Data
  }
  const seriesOf = (metric: Labels, points: readonly Point[]): Series => ({
    labels: metric,
    ats: points.map(([at]) => at * 1000),
    values: points.map(([, value]) => Number(value)),
  })

  return {
    ...server,
    /** An instant query, at an instant or now. */
    async query(query: string, at = Date.now()): Promise<readonly Series[]> {
      const { result } = await get<{ result: ReadonlyArray<{ metric: Labels; value: Point }> }>('query', {
        query,
        time: `${at / 1000}`,
      })
      return result.map(({ metric, value }) => seriesOf(metric, [value]))
    },
    /** A range query; all times in milliseconds. */
    async queryRange(query: string, from: number, to: number, stepMs: number): Promise<readonly Series[]> {
      const { result } = await get<{ result: ReadonlyArray<{ metric: Labels; values: readonly Point[] }> }>(
        'query_range',
        { query, start: `${from / 1000}`, end: `${to / 1000}`, step: `${stepMs / 1000}` },
      )
      return result.map(({ metric, values }) => seriesOf(metric, values))
    },
    /** The labels of all series that a selector matches. */
    series: (selector: string) => get<readonly Labels[]>('series', { 'match[]': selector }),
    alerts: async () => (await get<{ alerts: readonly Alert[] }>('alerts')).alerts,
    rules: async () => {
      const { groups } = await get<{ groups: ReadonlyArray<{ rules: readonly Rule[] }> }>('rules')
      return groups.flatMap(({ rules }) => rules)
    },
  }
}
