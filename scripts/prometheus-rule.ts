import { readFileSync } from 'node:fs'
import { parse, stringify } from 'yaml'

const groupsOf = (name: string) => {
  const text = readFileSync(new URL(`../deploy/prometheus/${name}`, import.meta.url), 'utf8')
  return (parse(text) as { readonly groups: readonly unknown[] }).groups
}

/** The rules of deploy/prometheus as a resource for the Prometheus Operator. */
export const prometheusRule = (): string =>
  `# Generated from deploy/prometheus/*.rules.yaml by \`npm run generate\`: edit those files.\n${stringify(
    {
      apiVersion: 'monitoring.coreos.com/v1',
      kind: 'PrometheusRule',
      metadata: { name: 'curfew', labels: { 'app.kubernetes.io/name': 'curfew' } },
      spec: { groups: ['recording.rules.yaml', 'alerts.rules.yaml'].flatMap(groupsOf) },
    },
    // Do not wrap lines.
    { lineWidth: 0 },
  )}`
