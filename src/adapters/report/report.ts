import { caveatsOf } from '../../domain/backtest/caveats.ts'
import type { Difference } from '../../domain/backtest/difference.ts'
import { endsOf } from '../../domain/backtest/ends.ts'
import { lastCallWords } from '../../domain/backtest/last-call-words.ts'
import type { Outcome } from '../../domain/backtest/outcome.ts'
import { peopleOf } from '../../domain/backtest/people.ts'
import type { Summary } from '../../domain/backtest/summary.ts'
import { verdictSentence } from '../../domain/backtest/verdict-sentence.ts'
import type { PolicySet } from '../../domain/policies/policy-set.ts'
import { CONTRADICTION_WORDS } from '../../domain/recording/contradiction-words.ts'
import { CONTRADICTIONS } from '../../domain/recording/join.ts'
import type { Recording } from '../../domain/recording/recorded-session.ts'
import { type Instant, toText } from '../../domain/time/instant.ts'
import { daysIn } from '../../domain/time/local-days.ts'
import { localText } from '../../domain/time/local-text.ts'
import { sourceOf } from '../html/content-policy.ts'
import { type Content, html } from '../html/html.ts'
import { withWholeInstants } from '../html/instants.ts'
import { pageOf } from '../html/page.ts'
import { count, plural } from '../html/words.ts'
import { busiestDaySection } from './busiest-day-chart.ts'
import { concurrencySection } from './concurrency-chart.ts'
import { differenceSection } from './difference-table.ts'
import { heatMapSection } from './heat-map.ts'
import { peopleSection, SEARCH } from './people-table.ts'
import { policyBarsSection } from './policy-bars.ts'
import { policiesSection } from './policy-weeks.ts'
import { REPORT_STYLE } from './report-style.ts'

/** Nothing is loaded, and one script runs, which filters a table. */
const POLICY = `default-src 'none'; style-src ${sourceOf(REPORT_STYLE)}; script-src ${sourceOf(SEARCH)}; img-src data:; base-uri 'none'; form-action 'none'`

export interface Reported {
  readonly recording: Recording
  readonly outcome: Outcome
  readonly summary: Summary
  /** From the policies before; undefined if there is nothing to compare with. */
  readonly difference: Difference | undefined
  readonly set: PolicySet
  readonly madeAt: Instant
  readonly version: string
}

/** The report of a backtest: one page that needs no network. Its times are on the clock of the summary's hours of week. */
export const reportOf = (asked: Reported): string => {
  const { recording, outcome, summary, difference, set, madeAt, version } = asked
  const zone = summary.byHourOfWeek.timeZone
  const period = { from: recording.from, until: recording.to }
  const days = daysIn(period, zone)
  const busiestAt = summary.busiestMinute?.at
  return pageOf({
    title: 'Curfew: what the policies would have done',
    style: REPORT_STYLE,
    policy: POLICY,
    body: html`<header>
<h1>What the policies would have done</h1>
<p class="quiet">Curfew ${version}, ${withWholeInstants(toText(madeAt))}</p>
</header>
<div class="headline ${summary.ended.sessions === 0 ? 'good' : 'care'}"><p><strong>${withWholeInstants(verdictSentence(summary))}</strong></p>${caveatsOf(summary).map((caveat) => html`<p>${withWholeInstants(caveat)}</p>`)}</div>
${scopeList(summary)}
${figuresSection(summary)}
${difference === undefined ? '' : differenceSection(difference, zone)}
${heatMapSection(summary)}
${concurrencySection(recording, endsOf(outcome), days, zone)}
${policyBarsSection(summary)}
${busiestDaySection(recording, outcome, days, zone)}
${peopleSection(peopleOf(recording, outcome.cuts))}
${policiesSection(set.policies, period, typeof busiestAt === 'string' ? Date.parse(busiestAt) : recording.from)}
${recordingSection(summary)}
<footer><p>Nobody was disconnected: a backtest reads a recording and changes nothing. This page names people; keep it as you keep the connection logs.</p></footer>`,
  }).text
}

/** The scope that was asked for, beside the period. */
const scopeList = ({ scope: { endpoints, modes, notWatched } }: Summary): Content => html`<ul class="quiet scope">
<li>${endpoints === null ? 'Sessions on every endpoint that is watched.' : `Only sessions on ${endpoints.join(', ')}.`}</li>
<li>${modes === 'all' ? 'Every policy acts, whatever its mode.' : 'Modes as written: a policy acts only where it and the daemon’s file say enforce.'}</li>
${notWatched === 0 ? '' : html`<li>Left out: ${plural(notWatched, 'session')} on endpoints that the daemon’s file does not watch.</li>`}
</ul>`

const figuresSection = ({
  sessions,
  principals,
  connectionHours,
  ended,
  returned,
  busiestMinute,
  byHourOfWeek: { timeZone },
}: Summary): Content => {
  const figures: readonly (readonly [string, number])[] = [
    ['sessions', sessions],
    ['people', principals],
    ['connection hours', connectionHours],
    ['sessions ended', ended.sessions],
    ['people disconnected', ended.principals],
    ['hours saved', ended.hoursSaved],
    ['returns within five minutes', returned],
  ]
  const reasons = Object.entries(ended.byReason).filter(([, number]) => number > 0)
  return html`<section><h2>In numbers</h2>
${figureList(figures)}
${reasons.length === 0 ? '' : html`<p>By reason: ${reasons.map(([reason, number]) => `${reason} ${count(number)}`).join(', ')}.</p>`}
${busiestMinute === null ? '' : html`<p>The busiest minute: ${plural(busiestMinute.terminations, 'termination')} at ${busiestText(busiestMinute.at, timeZone)}; ${lastCallWords(busiestMinute.etaSeconds)}.</p>`}
</section>`
}

const busiestText = (iso: string | null, zone: string): Content =>
  iso === null ? 'an unknown time' : [withWholeInstants(localText(Date.parse(iso), zone)), ` on the clock of ${zone}`]

/** An instant of the JSON, to the second. */
const timeText = (iso: string | null): Content =>
  iso === null ? 'an unknown time' : withWholeInstants(toText(Date.parse(iso)))

const figureList = (figures: readonly (readonly [string, number])[]): Content =>
  html`<dl class="figures">${figures.map(([what, number]) => html`<div><dt>${what}</dt><dd>${count(number)}</dd></div>`)}</dl>`

const recordingSection = ({ recorded, lines, edges, contradictions }: Summary): Content => {
  const disagree = CONTRADICTIONS.filter((how) => contradictions[how] > 0)
  return html`<section><h2>The recording</h2>
<p>It tells of ${timeText(recorded.from)} to ${timeText(recorded.to)}.</p>
${figureList([
  ['lines read', lines.read],
  ['understood', lines.understood],
  ['not understood', lines.failed],
  ['sessions without a begin', edges.begunBefore],
  ['sessions without an end', edges.endNotRecorded],
  ['sessions open at its end', edges.openAtEnd],
])}
${disagree.length === 0 ? '' : html`<h3>Lines that disagree</h3><ul>${disagree.map((how) => html`<li>${plural(contradictions[how], 'connection')} ${CONTRADICTION_WORDS[how]}</li>`)}</ul>`}
${lines.firstFailed.length === 0 ? '' : html`<h3>Lines that were not understood</h3><ul>${lines.firstFailed.map(({ file, line, problem }) => html`<li><code>${file}:${line}</code> ${problem}</li>`)}</ul>`}
</section>`
}
