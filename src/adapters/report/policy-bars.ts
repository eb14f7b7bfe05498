import { barX, text } from '#plot'
import type { EndedByPolicy, Summary } from '../../domain/backtest/summary.ts'
import { printable } from '../../domain/printable.ts'
import { type Content, type Html, html } from '../html/html.ts'
import { count, plural } from '../html/words.ts'
import { chartOf, pictureOf, tableOf } from './chart.ts'
import { labelsOf, marginOf } from './labels.ts'

const MOST_BARS = 30

/** How many sessions each policy would end, and what else is known of it. */
export const policyBarsSection = ({ ended, notJudged }: Summary): Content => {
  const policies = ended.byPolicy
  const acting = policies.filter(({ sessions }) => sessions > 0).sort((a, b) => b.sessions - a.sessions)
  const bars = acting.slice(0, MOST_BARS)
  const idle = policies.length - acting.length
  const notes = [
    ...(idle === 0 ? [] : [`${plural(idle, 'policy', 'policies')} would have ended no session.`]),
    ...(acting.length > bars.length ? [`The bars are those of the ${MOST_BARS} policies that end most sessions.`] : []),
  ]
  return html`${pictureOf({
    id: 'by-policy',
    title: 'By policy',
    notes,
    chart: bars.length === 0 ? undefined : barChart(bars),
    numbers: tableOf(
      [
        { title: 'Policy' },
        { title: 'Kind' },
        { title: 'Sessions ended', isNumber: true },
        { title: 'People', isNumber: true },
        { title: 'Hours saved', isNumber: true },
        { title: 'Exemptions used', isNumber: true },
        { title: 'Could not be judged', isNumber: true },
      ],
      policies.map((one) => [
        one.policy,
        one.kind,
        count(one.sessions),
        count(one.principals),
        count(one.hoursSaved),
        count(one.exemptions),
        count(one.notJudged),
      ]),
      'What each policy would have done',
    ),
    shown: 'always',
  })}
${notJudged.length === 0 ? '' : html`<section><h2>What could not be judged</h2><ul>${notJudged.map(({ policy, sessions, because }) => html`<li>${policy}: ${plural(sessions, 'session')}, because ${because}</li>`)}</ul></section>`}`
}

const barChart = (bars: readonly EndedByPolicy[]): Html => {
  const summary = bars.map(({ policy, sessions }) => `${printable(policy)} ${count(sessions)}`).join(', ')
  const labels = labelsOf(bars.map(({ policy }) => policy))
  return chartOf(`Sessions that each policy would have ended: ${summary}.`, {
    height: 30 + bars.length * 26,
    marginTop: 5,
    marginBottom: 25,
    marginLeft: marginOf(labels),
    marginRight: marginOf(bars.map(({ sessions }) => count(sessions))),
    x: {
      label: null,
      grid: true,
      ticks: 5,
      tickFormat: (number) => (Number.isInteger(number) ? count(number) : ''),
    },
    y: {
      type: 'band',
      domain: bars.map((_, index) => index),
      label: null,
      tickSize: 0,
      padding: 0.25,
      tickFormat: (index) => labels[index] ?? '',
    },
    marks: [
      barX(bars, {
        x: 'sessions',
        y: (_, index) => index,
        fill: 'var(--link)',
        title: ({ policy, kind, sessions }) => `${printable(policy)} (${kind}): ${plural(sessions, 'session')}`,
      }),
      text(bars, {
        x: 'sessions',
        y: (_, index) => index,
        text: ({ sessions }) => count(sessions),
        dx: 6,
        textAnchor: 'start',
      }),
    ],
  })
}
