import { resolve } from 'node:path'
import type { Labels } from './prometheus.ts'
import { startServer } from './server.ts'

/** Alertmanager with the configuration of `deploy/prometheus`. Waits until it answers. */
export const startAlertmanager = async () => {
  const server = await startServer('/usr/bin/prometheus-alertmanager', [
    `--config.file=${resolve('deploy/prometheus/alertmanager.yaml')}`,
    '--storage.path=data',
    '--cluster.listen-address=',
  ])
  return {
    ...server,
    /** All alerts, including those that a more severe alert inhibits. */
    async alerts(): Promise<ReadonlyArray<{ readonly labels: Labels }>> {
      const answer = await fetch(`${server.url}/api/v2/alerts`)
      return (await answer.json()) as ReadonlyArray<{ readonly labels: Labels }>
    },
  }
}
