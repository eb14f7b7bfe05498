import type { PersonCounts } from '../../domain/backtest/people.ts'
import { hours } from '../../domain/backtest/summary.ts'
import { firstNames } from '../../domain/shortened.ts'
import { breakable } from '../html/breakable.ts'
import { type Content, Html, html } from '../html/html.ts'
import { scrolling } from '../html/scrolling.ts'
import { count, plural } from '../html/words.ts'
import { tableOf } from './chart.ts'

/** The characters that the table may have. With a longer one the page is larger than 4 MB. */
const MOST_CHARACTERS = 3_200_000
/** The tags of a row. */
const ROW_CHARACTERS = 190

/** The people of the recording, those who are ended most often first. */
export const peopleSection = (people: readonly PersonCounts[]): Content => {
  const rows = rowsOf(people)
  return html`<section><h2 id="people">People</h2>
<p class="quiet">${listedText(people, rows.length)}</p>
<div class="search" hidden><label for="search">Search people and policies</label> <input id="search" type="search" autocomplete="off" spellcheck="false" aria-controls="people-table" aria-describedby="found"> <output id="found" for="search" data-more="${people.length > rows.length ? ` listed; ${count(people.length - rows.length)} more are not` : ''}"></output></div>
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
      rows,
      'Sessions and ends of each person',
    ),
  )}</div>
<script>${new Html(SEARCH)}</script>
</section>`
}

/** As many rows as the page has room for. */
const rowsOf = (people: readonly PersonCounts[]): readonly (readonly Content[])[] => {
  const rows: (readonly Content[])[] = []
  let characters = 0
  for (const one of people) {
    const row = [
      breakable(one.name),
      count(one.sessions),
      count(hours(one.upMs)),
      count(one.ended),
      count(hours(one.savedMs)),
      firstNames(one.policies).join(', '),
    ]
    characters += html`${row}`.text.length + ROW_CHARACTERS
    if (characters > MOST_CHARACTERS) break
    rows.push(row)
  }
  return rows
}

/** The people in the list. */
const listedText = (people: readonly PersonCounts[], listed: number): string => {
  const ended = people.filter((one) => one.ended > 0).length
  const inOrder = 'Those whose sessions would have ended most often are first.'
  if (listed === people.length) return `Everybody with a session. ${inOrder}`
  if (listed < ended) {
    return `Of ${count(ended)} people whose sessions would have ended, the first ${count(listed)} are listed. The file of “--cuts” has the sessions of all of them. ${inOrder}`
  }
  return `Everybody whose sessions would have ended, and ${count(listed - ended)} of ${plural(people.length - ended, 'other person', 'other people')} with a session. ${inOrder}`
}

/** Hides the rows of the table whose person and policies do not have the text of the search box. Without it the table is whole. */
export const SEARCH = `
const box = document.getElementById('search')
const found = document.getElementById('found')
const rows = [...document.querySelectorAll('#people-table tbody tr')].map((row) => [row, [row.cells[0], row.cells[5]].map((cell) => cell.textContent.toLowerCase())])
const search = () => {
  const text = box.value.trim().toLowerCase()
  let shown = 0
  for (const [row, words] of rows) {
    row.hidden = !words.some((one) => one.includes(text))
    if (!row.hidden) shown++
  }
  found.textContent = text === '' ? '' : shown.toLocaleString('en-US') + ' of ' + rows.length.toLocaleString('en-US') + found.dataset.more
}
box.closest('.search').hidden = false
box.addEventListener('input', search)
search()
`
