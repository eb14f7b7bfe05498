import * as units from '@grafana/grafana-foundation-sdk/units'
import { logLines, metric, valueOf } from '../cloudwatch.ts'
import type { Row } from '../dashboard.ts'
import { bars, lines } from '../graph.ts'
import { logTable } from '../log-table.ts'
import { palette, upwards } from '../palette.ts'
import { stat } from '../stat.ts'
import { decisions, decisionsByPolicy, decisionsThat, durationMs, onErrors, unknown } from './metrics.ts'
import { LAST_DENIALS, SLOWEST_STARTS } from './questions.ts'

const small = { width: 4, height: 4 } as const
const third = { width: 8, height: 8 } as const
const none = { text: 'none', colour: palette.muted }

/** The decisions of the handler, and the time that they take. */
export const atTheDoor = (): Row => ({
  title: 'At the door: what the handler decides',
  panels: [
    stat({
      ...small,
      title: 'Decisions',
      runbook: 'FailedHandler',
      description:
        'Decisions of the handler in this range. NONE: nobody tried to connect, or the handler never got as far as a decision. Compare the errors and throttles of Lambda.',
      unit: units.NoUnit,
      query: metric(decisions, 'Sum', 'decisions'),
      calc: 'sum',
      unknown: { text: 'NONE', colour: palette.watch },
    }),
    stat({
      ...small,
      title: 'Denied',
      runbook: 'DeniedConnections',
      description: 'Connections that the handler denied in this range. The log names the policy and the reason.',
      unit: units.NoUnit,
      query: metric(decisionsThat('deny'), 'Sum', 'denied'),
      calc: 'sum',
      unknown: none,
    }),
    stat({
      ...small,
      title: 'Audit would deny',
      runbook: 'DeniedConnections',
      description:
        'Connections that the handler allowed, and that a policy would deny if its mode and that of the handler were both enforce.',
      unit: units.NoUnit,
      query: metric(decisionsThat('audit'), 'Sum', 'audit'),
      calc: 'sum',
      colour: palette.audit,
      unknown: none,
    }),
    stat({
      ...small,
      title: 'Answered onError',
      runbook: 'OnErrorAnswers',
      description:
        'Answers that `onError` gave, because the handler failed before a decision, or because a request has no endpoint. With `allow`, banned people came in; with `deny`, nobody did.',
      unit: units.NoUnit,
      query: metric(onErrors, 'Sum', 'on-error'),
      calc: 'sum',
      steps: upwards({ act: 1 }),
      unknown: none,
    }),
    stat({
      ...small,
      title: 'Decision p50',
      runbook: 'SlowAnswers',
      description: 'The highest median of the time that the handler took to decide, without the start of the function.',
      unit: units.Milliseconds,
      query: metric(durationMs, 'p50', 'p50'),
      calc: 'max',
      unknown: none,
    }),
    stat({
      ...small,
      title: 'Decision p99',
      runbook: 'SlowAnswers',
      description:
        'The highest 99th percentile of the time that the handler took to decide, without the start of the function.',
      unit: units.Milliseconds,
      query: metric(durationMs, 'p99', 'p99'),
      calc: 'max',
      steps: upwards({ watch: 100, act: 1000 }),
      unknown: none,
    }),
    bars({
      ...third,
      title: 'Decisions, by answer',
      runbook: 'DeniedConnections',
      description:
        'All decisions: allowed, denied, allowed by audit although a policy would deny, and answered by onError in red.',
      unit: units.NoUnit,
      lines: [metric(decisionsThat('*'), 'Sum', valueOf('Decision'))],
      colours: {
        allow: palette.muted,
        deny: palette.plain,
        audit: palette.audit,
        'on-error': palette.act,
      },
    }),
    bars({
      ...third,
      title: 'Denied at the door, by policy',
      runbook: 'DeniedConnections',
      description:
        'Denied connections by leading policy. A sudden wall of one colour is an edit of that policy, or a list that lost its entries.',
      unit: units.NoUnit,
      lines: [metric(decisionsByPolicy('deny'), 'Sum', valueOf('Policy'))],
    }),
    bars({
      ...third,
      title: 'What enforcement would deny, by policy',
      runbook: 'DeniedConnections',
      description:
        'Connections that audit allowed and that a policy would deny. If these are the connections that you want to deny, the policy is ready for enforce.',
      unit: units.NoUnit,
      lines: [metric(decisionsByPolicy('audit'), 'Sum', valueOf('Policy'))],
    }),
    bars({
      ...third,
      title: 'Answers of onError',
      runbook: 'OnErrorAnswers',
      description:
        'Answers that were no decision. Each has a line in the log with the error; the policies had no say in them.',
      unit: units.NoUnit,
      lines: [metric(onErrors, 'Sum', 'on-error')],
      colours: { 'on-error': palette.act },
    }),
    bars({
      ...third,
      title: 'Let in by doubt',
      runbook: 'Questions to the log',
      description:
        'Connections that no policy denied, and about which a policy was unknown because the request lacks a name or another fact. If it is all of them, AWS has probably renamed a field.',
      unit: units.NoUnit,
      lines: [metric(unknown, 'Sum', 'unknown')],
      colours: { unknown: palette.watch },
    }),
    lines({
      ...third,
      title: 'Time to decide',
      runbook: 'SlowAnswers',
      description:
        'How long the handler took from the request to its answer. The start of the function comes on top: Lambda reports it.',
      unit: units.Milliseconds,
      lines: [metric(durationMs, 'p50', 'p50'), metric(durationMs, 'p99', 'p99')],
      colours: { p50: palette.muted, p99: palette.plain },
    }),
    logTable({
      width: 24,
      height: 9,
      runbook: 'Questions to the log',
      title: 'Last denials',
      description:
        'The last 50 connections that were denied, or would be if enforced. Names are absent if the log has pseudonyms.',
      query: logLines(LAST_DENIALS),
    }),
    logTable({
      width: 24,
      height: 6,
      runbook: 'SlowAnswers',
      title: 'Slowest starts',
      description:
        'The first answers of the 50 processes that took longest to give one, from the start of the process. Each new version begins with some.',
      query: logLines(SLOWEST_STARTS),
    }),
  ],
})
