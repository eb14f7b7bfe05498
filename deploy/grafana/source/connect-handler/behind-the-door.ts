import * as units from '@grafana/grafana-foundation-sdk/units'
import type { Row } from '../dashboard.ts'
import { bars, lines } from '../graph.ts'
import { palette, upwards } from '../palette.ts'
import { inRange, ofPolicies, once, orNone, orZeroWhileSeen, orZeroWhileWatched, perBar, watched } from '../queries.ts'
import { stat } from '../stat.ts'
import { table } from '../table.ts'

const quarter = { width: 6, height: 4, unit: units.NoUnit } as const
const half = { width: 12, height: 8, unit: units.NoUnit } as const

const ended = ofPolicies('curfew_terminations_total', 'outcome="confirmed"')
const reconnects = ofPolicies('curfew_reconnects_total')
const unknown = once(ofPolicies('curfew_unknown_verdicts'), 'policy')
const posture = ofPolicies('curfew_violations_total', 'reason="posture"')
const reconnectsByName = `${perBar(reconnects)} * on (job, instance, vpn_endpoint) group_left (name) ${watched}`
const byEndpoint = (counter: string) => `sum by (vpn_endpoint, policy) (${inRange(counter)})`

/** The work of the daemon on the connections that the door let in, under the same policies. */
export const behindTheDoor = (): Row => ({
  title: 'Behind the door: what the daemon ends',
  folded: true,
  panels: [
    stat({
      ...quarter,
      title: 'Ended by the daemon',
      description: 'Connections in this range that the daemon ended, and that are proven gone.',
      runbook: 'CurfewTerminationGaveUp',
      expr: orZeroWhileWatched(`sum(${inRange(ended)})`),
    }),
    stat({
      ...quarter,
      title: 'Reconnects after an end',
      description:
        'Connections in this range that came back within five minutes of their end. The door exists to make this zero for bans and closed hours.',
      runbook: 'CurfewReconnectLoop',
      expr: orZeroWhileWatched(`sum(${inRange(reconnects)})`),
      steps: upwards({ watch: 1 }),
    }),
    stat({
      ...quarter,
      title: 'Unknown verdicts now',
      description:
        'Verdicts that the daemon cannot give, because a fact is missing. Each policy with `door:` keys is here for each connection that its other lists select: only the door knows those facts.',
      runbook: 'CurfewBanNotEffective',
      expr: orZeroWhileSeen(`sum(${unknown})`),
    }),
    stat({
      ...quarter,
      title: 'Posture violations',
      description:
        'Violations of `posture` policies in this range. They read the statuses that the handler answered for the connection.',
      runbook: 'CurfewNotEnforcing',
      expr: orZeroWhileWatched(`sum(${inRange(posture)})`),
    }),
    bars({
      ...half,
      title: 'Ended, and back within five minutes',
      description:
        'The loop that the door stops: a client that connects again is ended again. With the handler in enforce, both fall.',
      runbook: 'CurfewReconnectLoop',
      lines: [
        { expr: orZeroWhileWatched(`sum(${perBar(ended)})`), legend: 'ended' },
        { expr: orZeroWhileWatched(`sum(${perBar(reconnects)})`), legend: 'back' },
      ],
      colours: { ended: palette.plain, back: palette.watch },
    }),
    bars({
      ...half,
      title: 'Back within five minutes, by endpoint',
      description: 'The same reconnects by endpoint. An endpoint that alone has them asks no handler, or another one.',
      runbook: 'CurfewReconnectLoop',
      lines: [{ expr: orNone('name', reconnectsByName), legend: '{{name}}' }],
    }),
    lines({
      ...half,
      title: 'Unknown verdicts of the daemon, by policy',
      description:
        'Connections without a fact that the policy needs. A policy with `door:` keys belongs here; any other lacks a fact that AWS should report.',
      runbook: 'CurfewBanNotEffective',
      lines: [{ expr: orNone('policy', unknown), legend: '{{policy}}' }],
    }),
    bars({
      ...half,
      title: 'Posture violations, by policy',
      description:
        'Violations of `posture` policies, in both modes. None at all may mean that no handler gives a status.',
      runbook: 'CurfewNotEnforcing',
      lines: [
        {
          expr: orNone('policy', perBar(posture), watched),
          legend: '{{policy}}',
        },
      ],
    }),
    table({
      title: 'The same policies behind the door',
      description:
        'What the daemon did in this range, by endpoint and policy. A policy that the door judges, with many reconnects, is not in the handler, or its mode there is audit.',
      runbook: 'CurfewReconnectLoop',
      unit: units.NoUnit,
      width: 24,
      height: 9,
      keys: { vpn_endpoint: 'Endpoint', policy: 'Policy' },
      sortBy: 'Reconnects',
      columns: [
        { title: 'Violations', expr: byEndpoint(ofPolicies('curfew_violations_total')), unit: units.NoUnit },
        { title: 'Ended', expr: byEndpoint(ended), unit: units.NoUnit },
        { title: 'Reconnects', expr: byEndpoint(reconnects), unit: units.NoUnit, steps: upwards({ watch: 1 }) },
        { title: 'Unknown now', expr: `sum by (vpn_endpoint, policy) (${unknown})`, unit: units.NoUnit },
      ],
    }),
  ],
})
