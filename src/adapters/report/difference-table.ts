import type { ChangedEnd, Difference } from '../../domain/backtest/difference.ts'
import type { Cut } from '../../domain/backtest/outcome.ts'
import { localText } from '../../domain/time/local-text.ts'
import { breakable } from '../html/breakable.ts'
import { type Content, html } from '../html/html.ts'
import { withWholeInstants } from '../html/instants.ts'
import { scrolling } from '../html/scrolling.ts'
import { count } from '../html/words.ts'
import { tableOf } from './chart.ts'

const MOST_ROWS = 200

const WORDS = {
  newlyEnded: 'newly ended',
  noLongerEnded: 'no longer ended',
  earlier: 'ended earlier',
  later: 'ended later',
} as const satisfies Record<ChangedEnd['change'], string>

/** How the ends differ from those under the policies of before. */
export const differenceSection = ({ totals, changed }: Difference, zone: string): Content => {
  const end = (cut: Cut | undefined): Content =>
    cut === undefined ? 'as recorded' : [withWholeInstants(localText(cut.at, zone)), ' ', cut.policy.name]
  const rows = changed
    .slice(0, MOST_ROWS)
    .map(({ change, session, now, before }) => [
      breakable(session.username ?? session.commonName ?? session.connectionId),
      WORDS[change],
      end(before),
      end(now),
    ])
  const note =
    changed.length > rows.length ? `The first ${count(rows.length)} of ${count(changed.length)} sessions. ` : ''
  return html`<section><h2 id="against">Compared with the policies before</h2>
<dl class="figures">${Object.entries(WORDS).map(([change, words]) => html`<div><dt>${words}</dt><dd>${count(totals[change as ChangedEnd['change']])}</dd></div>`)}</dl>
${
  rows.length === 0
    ? html`<p>No session ends at another time.</p>`
    : html`<p class="quiet">${note}Times are on the clock of ${zone}.</p><div class="tall">${scrolling('against', tableOf([{ title: 'Person' }, { title: 'Change' }, { title: 'End before' }, { title: 'End now' }], rows, 'Sessions that end at another time'))}</div>`
}
</section>`
}
