import { readdirSync, readFileSync } from 'node:fs'
import { parse } from 'yaml'

export const FOLDER = 'deploy/prometheus'

/** A rule of `alerts.rules.yaml`. Two rules may have the same name and different severities. */
export interface AlertRule {
  readonly alert: string
  readonly expr: string
  readonly for?: string
  readonly labels: { readonly severity: string }
  readonly annotations: { readonly summary: string; readonly description: string; readonly runbook_url: string }
}

interface RecordingRule {
  readonly record: string
  readonly expr: string
}

interface RuleTest {
  readonly tests: ReadonlyArray<{
    readonly alert_rule_test?: ReadonlyArray<{
      readonly alertname: string
      readonly exp_alerts: ReadonlyArray<{ readonly exp_labels: { readonly severity: string } }>
    }>
  }>
}

const read = <Content>(name: string) => parse(readFileSync(`${FOLDER}/${name}`, 'utf8')) as Content

const rulesOf = <Rule>(name: string) =>
  read<{ readonly groups: ReadonlyArray<{ readonly rules: readonly Rule[] }> }>(name).groups.flatMap(
    ({ rules }) => rules,
  )

export const alertRules = rulesOf<AlertRule>('alerts.rules.yaml')

export const recordingRules = rulesOf<RecordingRule>('recording.rules.yaml')

export const TEST_FILES = readdirSync(`${FOLDER}/tests`).filter((name) => name.endsWith('.test.yaml'))

/**
 * The expectations of the promtool tests: for each alert and instant, the severities that fire; none if it is silent.
 */
export const expectations = TEST_FILES.flatMap((name) => read<RuleTest>(`tests/${name}`).tests)
  .flatMap(({ alert_rule_test = [] }) => alert_rule_test)
  .map(({ alertname, exp_alerts }) => ({
    alert: alertname,
    severities: exp_alerts.map(({ exp_labels }) => exp_labels.severity),
  }))

export const scrapeJobs = read<{ readonly scrape_configs: ReadonlyArray<{ readonly job_name: string }> }>(
  'prometheus.yaml',
).scrape_configs.map(({ job_name }) => job_name)
