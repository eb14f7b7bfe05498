import type { PersonCounts } from '../../domain/backtest/people.ts'
import { hours } from '../../domain/backtest/summary.ts'
import { firstNames } from '../../domain/shortened.ts'
import { type Content, Html, html } from '../html/html.ts'
import { scrolling } from '../html/scrolling.ts'
import { count } from '../html/words.ts'
import { tableOf } from './chart.ts'

/** A longer table makes a page of several MB. */
const MOST_PEOPLE = 5000

/** The people of the recording, those who are ended most often first. */
export const peopleSection = (people: readonly PersonCounts[]): Content => {
  const shown = people.slice(0, MOST_PEOPLE)
  const isWhole = shown.length === people.length
  return html`<section><h2 id="people">People</h2>
<p class="quiet">${isWhole ? 'Everybody with a session' : `The first ${count(shown.length)} of ${count(people.length)} people with a session`}, those who would have been ended most often first.${isWhole ? '' : ' The others are in the file of “--cuts”, if a session of theirs ends.'}</p>
<div class="search" hidden><label for="search">Search people and policies</label> <input id="search" type="search" autocomplete="off" spellcheck="false" aria-controls="people-table" aria-describedby="found"> <output id="found" for="search"></output></div>
<div id="people-table" class="tall">${scrolling(
    'people',
    tableOf(
      [
        { title: 'Person' },
        { title: 'Sessions', isNumber: true },
        { title: 'Hours', isNumber: true },
        { title: 'Sessions ended', isNumber: true },
        { title: 'Hours saved', isNumber: true },
        { title: 'Ended by' },
      ],
      shown.map((one) => [
        one.name,
        count(one.sessions),
        count(hours(one.upMs)),
        count(one.ended),
        count(hours(one.savedMs)),
        firstNames(one.policies).join(', '),
      ]),
      'Sessions and ends of each person',
    ),
  )}</div>
<script>${new Html(SEARCH)}</script>
</section>`
}

/** Hides the rows of the table that do not have the text of the search box. Without it the table is whole. */
export const SEARCH = `
const box = document.getElementById('search')
const found = document.getElementById('found')
const rows = [...document.querySelectorAll('#people-table tbody tr')].map((row) => [row, row.textContent.toLowerCase()])
const search = () => {
  const text = box.value.trim().toLowerCase()
  let shown = 0
  for (const [row, words] of rows) {
    row.hidden = !words.includes(text)
    if (!row.hidden) shown++
  }
  found.textContent = text === '' ? '' : shown.toLocaleString('en-US') + ' of ' + rows.length.toLocaleString('en-US')
}
box.closest('.search').hidden = false
box.addEventListener('input', search)
search()
`
