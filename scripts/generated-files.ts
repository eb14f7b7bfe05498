import { fileURLToPath } from 'node:url'
import { connectHandlerDashboard } from '../deploy/grafana/source/connect-handler.ts'
import { operationsDashboard } from '../deploy/grafana/source/operations.ts'
import { peopleDashboard } from '../deploy/grafana/source/people.ts'
import { policiesDashboard } from '../deploy/grafana/source/policies.ts'
import { curfewJsonSchema, policiesJsonSchema, testJsonSchema } from '../src/config/schema/json-schema.ts'
import { chartRules } from './chart-rules.ts'
import { configurationPage } from './configuration-page.ts'
import { helmValuesSchema } from './helm-values-schema.ts'
import { iamFiles } from './iam-policies.ts'
import { metricsPage } from './metrics-page.ts'

const json = (value: unknown) => `${JSON.stringify(value, null, 2)}\n`

const dashboards = () => ({
  'connect-handler': connectHandlerDashboard(),
  operations: operationsDashboard(),
  people: peopleDashboard(),
  policies: policiesDashboard(),
})

/** The contents of all files that are generated from the code, by absolute path. */
export const generatedFiles = (): ReadonlyMap<string, string> =>
  new Map(
    Object.entries({
      'config/schema/curfew.schema.json': json(curfewJsonSchema()),
      'config/schema/policies.schema.json': json(policiesJsonSchema()),
      'config/schema/test.schema.json': json(testJsonSchema()),
      ...Object.fromEntries(
        Object.entries(dashboards()).flatMap(([name, dashboard]) => [
          [`deploy/grafana/dashboards/${name}.json`, json(dashboard)],
          // Helm reads no file outside of the chart.
          [`deploy/helm/curfew/files/dashboards/${name}.json`, `${JSON.stringify(dashboard)}\n`],
        ]),
      ),
      'deploy/helm/curfew/files/rules.yaml': chartRules(),
      'deploy/helm/curfew/values.schema.json': json(helmValuesSchema()),
      ...Object.fromEntries(Object.entries(iamFiles()).map(([path, policy]) => [path, json(policy)])),
      'docs/configuration.md': configurationPage(),
      'docs/metrics.md': metricsPage(),
    }).map(([path, text]) => [fileURLToPath(new URL(`../${path}`, import.meta.url)), text]),
  )
