import * as units from '@grafana/grafana-foundation-sdk/units'
import type { Row } from '../dashboard.ts'
import { lines } from '../graph.ts'
import { ofDaemons } from '../queries.ts'

const third = { width: 8, height: 7, runbook: 'CurfewDown' } as const

/** The daemon as a process. */
export const daemonProcess = (): Row => ({
  title: 'The daemon itself',
  panels: [
    lines({
      ...third,
      title: 'CPU',
      description: 'Processor time that the daemon takes. One core is all that it can use for decisions.',
      unit: units.PercentUnit,
      limit: 1,
      lines: [{ expr: ofDaemons('rate(process_cpu_seconds_total[$__rate_interval])'), legend: '{{instance}}' }],
    }),
    lines({
      ...third,
      title: 'Memory',
      description:
        'Memory of the process and of the JavaScript heap in it. It follows the number of connections, and must not climb for days.',
      unit: units.BytesIEC,
      lines: [
        { expr: ofDaemons('process_resident_memory_bytes'), legend: '{{instance}} resident' },
        { expr: ofDaemons('nodejs_heap_size_used_bytes'), legend: '{{instance}} heap' },
      ],
    }),
    lines({
      ...third,
      title: 'Event loop lag',
      description: 'How late the process comes to its own work. A second of it is a second of lag for every deadline.',
      unit: units.Seconds,
      lines: [
        { expr: ofDaemons('nodejs_eventloop_lag_p50_seconds'), legend: '{{instance}} p50' },
        { expr: ofDaemons('nodejs_eventloop_lag_p99_seconds'), legend: '{{instance}} p99' },
      ],
    }),
  ],
})
