import * as units from '@grafana/grafana-foundation-sdk/units'
import type { Row } from '../dashboard.ts'
import { lines } from '../graph.ts'
import { ofDaemons } from '../queries.ts'

const third = { width: 8, height: 8, runbook: 'CurfewDown' } as const

/** The process of the daemon. */
export const daemonProcess = (): Row => ({
  title: 'The daemon process',
  folded: true,
  panels: [
    lines({
      ...third,
      title: 'CPU',
      description: 'Processor time of the daemon. Decisions can use one core at most.',
      unit: units.PercentUnit,
      limit: 1,
      lines: [{ expr: ofDaemons('rate(process_cpu_seconds_total[$__rate_interval])'), legend: '{{instance}}' }],
    }),
    lines({
      ...third,
      title: 'Memory',
      description:
        'Memory of the process and of its JavaScript heap. It grows with the number of connections, and must not rise for days.',
      unit: units.BytesIEC,
      lines: [
        { expr: ofDaemons('process_resident_memory_bytes'), legend: '{{instance}} resident' },
        { expr: ofDaemons('nodejs_heap_size_used_bytes'), legend: '{{instance}} heap' },
      ],
    }),
    lines({
      ...third,
      title: 'Event loop lag',
      description:
        'How long the process delays its own work. A delay of one second makes every deadline one second late.',
      unit: units.Seconds,
      lines: [
        { expr: ofDaemons('nodejs_eventloop_lag_p50_seconds'), legend: '{{instance}} p50' },
        { expr: ofDaemons('nodejs_eventloop_lag_p99_seconds'), legend: '{{instance}} p99' },
      ],
    }),
  ],
})
