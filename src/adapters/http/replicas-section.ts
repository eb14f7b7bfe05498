import type { EngineOverview } from '../../app/engine-overview.ts'
import type { UnitHolding } from '../../app/tenure.ts'
import { type Content, html } from '../html/html.ts'
import { scrolling } from '../html/scrolling.ts'
import { count, plural } from '../html/words.ts'

type Replica = Extract<EngineOverview, { kind: 'postgres' }>

/** How many units are shown before the others are folded. Those that nobody holds come first. */
const MOST_UNITS = 12

const ORDER: readonly UnitHolding['state'][] = ['free', 'held', 'elsewhere']

/** The replicas that share the units, and who holds which unit; nothing where one process serves everything. */
export const replicasSection = (engine: EngineOverview): Content => {
  if (engine.kind === 'files') return ''
  const { replica, status } = engine
  const name = html`This is the replica <code>${replica}</code>`
  if (status.state !== 'joined') {
    return html`<section><h2>Replicas</h2>
<p>${name}. It is not joined with the others, so it holds no unit, and does not know who holds which.</p></section>`
  }
  const { members, generation, units } = status
  const alone = members === 1 ? 'no other is joined' : `one of ${members} that are joined`
  const ordered = ORDER.flatMap((state) => units.filter((unit) => unit.state === state))
  const shown = ordered.slice(0, MOST_UNITS)
  const rest = ordered.slice(MOST_UNITS)
  return html`<section><h2 id="replicas">Replicas</h2>
<p>${name}, ${alone}, with the configuration of generation ${count(generation)}. ${heldText(units)}</p>
${shown.length === 0 ? '' : unitsTable(shown, engine, 'replicas')}
${rest.length === 0 ? '' : html`<details><summary id="more-units">${plural(rest.length, 'more unit')}</summary>${unitsTable(rest, engine, 'more-units')}</details>`}</section>`
}

const heldText = (units: readonly UnitHolding[]): string => {
  const of = (state: UnitHolding['state']) => units.filter((unit) => unit.state === state).length
  const free = of('free') === 0 ? '' : ` Nobody holds ${count(of('free'))}.`
  return `Of ${plural(units.length, 'unit')} it holds ${count(of('held'))}, and others hold ${count(of('elsewhere'))}.${free}`
}

const unitsTable = (units: readonly UnitHolding[], { heads }: Replica, label: string): Content => {
  const row = ({ unit, state, holder, epoch }: UnitHolding) => {
    const head = heads.get(unit)
    const last = holder === undefined ? 'nobody' : html`nobody; last <code>${holder}</code>`
    const by = state === 'free' ? last : state === 'held' ? 'this replica' : html`<code>${holder ?? 'another'}</code>`
    return html`<tr${state === 'free' ? html` class="blind"` : ''}><th scope="row">${unit}</th><td>${by}</td><td class="number">${count(epoch)}</td><td class="number">${head === undefined ? '–' : count(head.seq)}</td></tr>
`
  }
  return scrolling(
    label,
    html`<table><thead><tr><th scope="col">Unit</th><th scope="col">Held by</th><th scope="col" class="number">Tenure</th><th scope="col" class="number">Audit line</th></tr></thead><tbody>${units.map(row)}</tbody></table>`,
  )
}
