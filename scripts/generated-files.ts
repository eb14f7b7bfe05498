import { fileURLToPath } from 'node:url'
import { connectHandlerDashboard } from '../deploy/grafana/source/connect-handler.ts'
import { operationsDashboard } from '../deploy/grafana/source/operations.ts'
import { peopleDashboard } from '../deploy/grafana/source/people.ts'
import { policiesDashboard } from '../deploy/grafana/source/policies.ts'
import { curfewJsonSchema, policiesJsonSchema, testJsonSchema } from '../src/config/schema/json-schema.ts'
import { configurationPage } from './configuration-page.ts'
import { iamFiles } from './iam-policies.ts'
import { metricsPage } from './metrics-page.ts'
import { prometheusRule } from './prometheus-rule.ts'

const json = (value: unknown) => `${JSON.stringify(value, null, 2)}\n`

/** The contents of all files that are generated from the code, by absolute path. */
export const generatedFiles = (): ReadonlyMap<string, string> =>
  new Map(
    Object.entries({
      'config/schema/curfew.schema.json': json(curfewJsonSchema()),
      'config/schema/policies.schema.json': json(policiesJsonSchema()),
      'config/schema/test.schema.json': json(testJsonSchema()),
      'deploy/grafana/dashboards/connect-handler.json': json(connectHandlerDashboard()),
      'deploy/grafana/dashboards/operations.json': json(operationsDashboard()),
      'deploy/grafana/dashboards/people.json': json(peopleDashboard()),
      'deploy/grafana/dashboards/policies.json': json(policiesDashboard()),
      'deploy/kubernetes/components/prometheus-operator/prometheus-rule.yaml': prometheusRule(),
      ...Object.fromEntries(Object.entries(iamFiles()).map(([path, policy]) => [path, json(policy)])),
      'docs/configuration.md': configurationPage(),
      'docs/metrics.md': metricsPage(),
    }).map(([path, text]) => [fileURLToPath(new URL(`../${path}`, import.meta.url)), text]),
  )
