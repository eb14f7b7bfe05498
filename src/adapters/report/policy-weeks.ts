import type { Policy } from '../../domain/policies/policy.ts'
import { type Instant, NEVER } from '../../domain/time/instant.ts'
import { daysIn, weekStartOf } from '../../domain/time/local-days.ts'
import type { Period } from '../../domain/time/period.ts'
import { weekOf } from '../../domain/time/week.ts'
import { type Content, html } from '../html/html.ts'
import { withWholeInstants } from '../html/instants.ts'
import { policySentence } from '../html/policy-sentence.ts'
import { LEGEND, weekTable } from '../html/week-drawing.ts'
import { plural } from '../html/words.ts'

const MOST_WEEKS = 30

/** What each policy does, and its hours in one week: that in which the clocks change, else that of `busiestAt`. */
export const policiesSection = (policies: readonly Policy[], recorded: Period, busiestAt: Instant): Content => {
  const withHours = policies.filter(({ kind }) => kind.hours !== undefined)
  const drawn = new Set(withHours.slice(0, MOST_WEEKS))
  const changesAt = createChangeIn(recorded)
  const week = (policy: Policy): Content => {
    const { kind, rule, name, from = -NEVER, until = NEVER } = policy
    const hours = kind.hours?.(rule)
    if (hours === undefined || !drawn.has(policy)) return ''
    const firstAt = weekStartOf(changesAt(hours.zone) ?? busiestAt, hours.zone)
    return weekTable(weekOf(hours, { from, until }, firstAt), { name })
  }
  return html`<section><h2>Policies</h2>
${withHours.length === 0 ? '' : LEGEND}
${withHours.length > drawn.size ? html`<p class="quiet">The hours of ${plural(withHours.length - drawn.size, 'more policy', 'more policies')} are not drawn.</p>` : ''}
${policies.map(
  (
    policy,
  ) => html`<div class="policy"><h3>${policy.name}</h3> <span class="badge">${policy.kind.kind}</span>${policy.mode === 'audit' ? html` <span class="badge">audit</span>` : ''}<p>${withWholeInstants(policySentence(policy, 'Would end'))}</p>${week(policy)}</div>
`,
)}</section>`
}

/** The first change of the clocks of a zone in the period. */
const createChangeIn = (recorded: Period) => {
  const known = new Map<string, Instant | undefined>()
  return (zone: string): Instant | undefined => {
    if (!known.has(zone)) {
      const day = daysIn(recorded, zone).find(({ clockChangesAt }) => clockChangesAt !== undefined)
      known.set(zone, day?.clockChangesAt)
    }
    return known.get(zone)
  }
}
