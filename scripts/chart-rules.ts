import { readFileSync } from 'node:fs'
import { parse, stringify } from 'yaml'

const groupsOf = (name: string) => {
  const text = readFileSync(new URL(`../deploy/prometheus/${name}`, import.meta.url), 'utf8')
  return (parse(text) as { readonly groups: readonly unknown[] }).groups
}

/** The rules of deploy/prometheus as the chart needs them, for a resource of the Prometheus Operator. */
export const chartRules = (): string =>
  `# Generated from deploy/prometheus/*.rules.yaml by \`npm run generate\`: edit those files.\n${stringify(
    { groups: ['recording.rules.yaml', 'alerts.rules.yaml'].flatMap(groupsOf) },
    // Do not wrap lines.
    { lineWidth: 0 },
  )}`
