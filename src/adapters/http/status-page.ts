import type { EndpointOverview, Overview, PolicyOverview } from '../../app/overview.ts'
import { releaseOf } from '../../app/release.ts'
import type { PolicyEnds } from '../../domain/judge/policy-ends.ts'
import { formatDuration } from '../../domain/time/duration.ts'
import type { Instant } from '../../domain/time/instant.ts'
import { type Content, type Html, html } from '../html/html.ts'
import { withWholeInstants } from '../html/instants.ts'
import { pageOf } from '../html/page.ts'
import { policySentence } from '../html/policy-sentence.ts'
import { scrolling } from '../html/scrolling.ts'
import { LEGEND, weekTable } from '../html/week-drawing.ts'
import { count, plural, timeOf, timeOfIso } from '../html/words.ts'
import type { RecentEvent } from '../log/recent-events.ts'
import { headlineOf } from './headline.ts'
import { endpointName, troubleBlock, troublesOf } from './needs-attention.ts'
import { PATHS } from './paths.ts'
import { replicasSection } from './replicas-section.ts'

/** Everything that the page shows. */
export interface StatusView extends Overview {
  readonly version: string
  /** The newest first. */
  readonly events: readonly RecentEvent[]
  /** Whether users may be named. */
  readonly names: boolean
}

/** The page at `/`: problems first, then what ends, then what is watched. */
export const statusPage = (view: StatusView): Html => {
  const { title, severity, text } = headlineOf(view)
  const troubles = troublesOf(view, view.names)
  return pageOf({
    title: `Curfew: ${title}`,
    body: html`<header>
<h1>Curfew</h1>
<p class="quiet">As of ${timeOf(view.at, view.at)} (UTC, like all times here). <a href="/">Reload</a></p>
</header>
<div class="headline ${severity}"><h2>${title}</h2><p>${text}</p></div>
${troubles.length === 0 ? '' : html`<section><h2>Needs attention</h2>${troubles.map(troubleBlock)}</section>`}
${holdsSection(view)}
${figures(view)}
${nextHourSection(view)}
${queueSection(view)}
${endpointsSection(view)}
${replicasSection(view.engine)}
${eventsSection(view)}
${policiesSection(view)}
${footer(view)}`,
  })
}

/** The sum over endpoints on which something is decided; undefined if there is none. */
const sumOf = (view: Overview, of: (endpoint: EndpointOverview) => number | null): number | undefined => {
  const known = view.endpoints.flatMap((endpoint) => of(endpoint) ?? [])
  return known.length === 0 ? undefined : known.reduce((sum, one) => sum + one, 0)
}

const figures = (view: Overview): Content => {
  const unknown = view.endpoints.filter(({ active }) => active === null).length
  const all: readonly (readonly [string, number | undefined])[] = [
    ['active connections', sumOf(view, ({ active }) => active)],
    ['due now', sumOf(view, ({ terminate }) => terminate)],
    ['held by the guard', sumOf(view, ({ held }) => held)],
    ['due under audit alone', sumOf(view, ({ audit }) => audit)],
    ['being ended, not proven yet', view.endpoints.reduce((sum, { openTerminations }) => sum + openTerminations, 0)],
  ]
  const without =
    unknown === 0 ? '' : html`<p class="quiet">Without ${plural(unknown, 'endpoint')} that Curfew cannot see.</p>`
  return html`<section><h2>Connections</h2>
<dl class="figures">${all.map(([what, number]) => html`<div><dt>${what}</dt><dd>${number === undefined ? 'not known' : count(number)}</dd></div>`)}</dl>
${without}</section>`
}

const holdsSection = (view: Overview): Content => {
  const holds = view.endpoints.flatMap((endpoint) => endpoint.holds.map((hold) => ({ endpoint, ...hold })))
  if (holds.length === 0) return ''
  const policies = [...new Set(holds.map(({ policy }) => policy))]
  return html`<section><h2>Held by the guard</h2>
<p>A held policy ends nobody on the endpoint until it is edited.</p>
${policies.map((policy) =>
  holdBlock(
    policy,
    holds.filter((hold) => hold.policy === policy),
    view,
  ),
)}</section>`
}

const holdBlock = (
  policy: string,
  holds: readonly { readonly endpoint: EndpointOverview; readonly since: string | null }[],
  { at }: Overview,
): Content => {
  const item = ({ endpoint, since }: (typeof holds)[number]) => {
    const ends = endpoint.ends?.find((one) => one.policy === policy)
    const would =
      ends === undefined ? '' : `: would end ${count(ends.now)} now, and ${count(ends.later)} more within the next hour`
    return html`<li>${endpointName(endpoint)}, since ${since === null ? 'an unknown time' : timeOfIso(since, at)}${would}</li>`
  }
  return html`<div class="care"><h3>${policy}</h3><ul>${folded(holds.map(item), 'endpoint')}</ul><p>How to release it: ${releaseOf(policy)}.</p></div>`
}

/** The first ten items of a list, and the others to be opened. */
const folded = (items: readonly Content[], noun: string): Content =>
  items.length <= 12
    ? items
    : [
        ...items.slice(0, 10),
        html`<li><details><summary>${plural(items.length - 10, `more ${noun}`)}</summary><ul>${items.slice(10)}</ul></details></li>`,
      ]

const EFFECTS = { enforce: 'ends', audit: 'would end (audit)', held: 'would end (held)' } as const

const nextHourSection = (view: Overview): Content => {
  const seen = view.endpoints.filter(({ active }) => active !== null)
  const counted = seen.filter(({ ends }) => ends !== undefined)
  const waiting = seen.length - counted.length
  const rows = view.policies.flatMap(({ policy }) => nextHourRows(policy.name, counted, view.at))
  const notes = [
    ...(waiting === 0 ? [] : [`${plural(waiting, 'endpoint')} being counted: reload in a moment.`]),
    ...(seen.length === view.endpoints.length
      ? []
      : [`${plural(view.endpoints.length - seen.length, 'endpoint')} that Curfew cannot see: not counted.`]),
  ]
  const nothing =
    counted.length === 0
      ? 'Not known.'
      : 'No policy ends a connection within the next hour, if nothing but time passes.'
  return html`<section><h2 id="next-hour">What ends within the next hour</h2>
${rows.length === 0 ? html`<p>${nothing}</p>` : scrolling('next-hour', html`<table><thead><tr><th scope="col">Policy</th><th scope="col">Effect</th><th scope="col" class="number">Now</th><th scope="col" class="number">Next hour</th><th scope="col">First</th><th scope="col">Endpoints</th></tr></thead><tbody>${rows}</tbody></table>`)}
${notes.map((note) => html`<p class="quiet">${note}</p>`)}</section>`
}

const nextHourRows = (policy: string, endpoints: readonly EndpointOverview[], now: Instant): readonly Content[] =>
  (['enforce', 'held', 'audit'] as const).flatMap((effect) => {
    const found = endpoints.flatMap(({ name, ends = [] }) =>
      ends.filter((one) => one.policy === policy && one.effect === effect).map((one) => ({ name, ...one })),
    )
    if (found.length === 0) return []
    const sum = (of: (one: PolicyEnds) => number) => count(found.reduce((total, one) => total + of(one), 0))
    const firstAt = found.reduce((first, one) => Math.min(first, one.firstAt), Number.POSITIVE_INFINITY)
    const most = found.toSorted((a, b) => b.now + b.later - (a.now + a.later))
    const names = most.slice(0, 3).map((one) => `${one.name} ${count(one.now + one.later)}`)
    const others = most.length > 3 ? [`and ${plural(most.length - 3, 'more endpoint')}`] : []
    return html`<tr><th scope="row">${policy}</th><td>${EFFECTS[effect]}</td><td class="number">${sum((one) => one.now)}</td><td class="number">${sum((one) => one.later)}</td><td>${Number.isFinite(firstAt) ? timeOf(firstAt, now) : '–'}</td><td>${[...names, ...others].join(', ')}</td></tr>
`
  })

const queueSection = ({ ongoing, at }: Overview): Content => {
  const item = ({ account, region, length, lastAt }: Overview['ongoing']['queues'][number]) =>
    html`<li>${account === undefined ? '' : `${account}, `}${region}: ${plural(length, 'call')}, the last leaves at ${timeOf(lastAt, at)}, in ${formatDuration(Math.max(0, lastAt - at))}</li>`
  return html`<section><h2>Queue of terminate calls</h2>
${ongoing.queues.length === 0 ? html`<p>No call waits.</p>` : html`<ul>${folded(ongoing.queues.map(item), 'queue')}</ul>`}</section>`
}

const VIEWS = { unseen: 'not read yet', fresh: 'fresh', stale: 'stale', blind: 'BLIND', retired: 'retired' } as const

const isNotable = ({ view, terminate, held, holds }: EndpointOverview): boolean =>
  view !== 'fresh' || holds.length > 0 || (terminate ?? 0) > 0 || (held ?? 0) > 0

const endpointsSection = (view: Overview): Content => {
  const notable = view.endpoints.filter(isNotable)
  const ordered = [...notable, ...view.endpoints.filter((one) => !isNotable(one))]
  const shown = view.endpoints.length <= 12 ? ordered.length : Math.max(10, Math.min(notable.length, 30))
  const rest = ordered.slice(shown)
  return html`<section><h2 id="endpoints">Endpoints</h2>
${endpointsTable(ordered.slice(0, shown), view.at, 'endpoints')}
${rest.length === 0 ? '' : html`<details><summary id="more-endpoints">${plural(rest.length, 'more endpoint')}</summary>${endpointsTable(rest, view.at, 'more-endpoints')}</details>`}</section>`
}

const endpointsTable = (endpoints: readonly EndpointOverview[], now: Instant, label: string): Content =>
  scrolling(
    label,
    html`<table><thead><tr><th scope="col">Endpoint</th><th scope="col">View</th><th scope="col" class="number">Active</th><th scope="col" class="number">Due</th><th scope="col" class="number">Held</th><th scope="col" class="number">Audit</th><th scope="col">Snapshot</th></tr></thead><tbody>${endpoints.map((one) => endpointRow(one, now))}</tbody></table>`,
  )

const endpointRow = (endpoint: EndpointOverview, now: Instant): Content => {
  const { name, endpointId, region, account, view, active, terminate, held, audit, snapshotAt } = endpoint
  const cell = (number: number | null) => html`<td class="number">${number === null ? '?' : count(number)}</td>`
  const place = [name === endpointId ? '' : endpointId, region, account ?? ''].filter((text) => text !== '').join(', ')
  return html`<tr${view === 'blind' ? html` class="blind"` : ''}><th scope="row">${name}<br><small>${place}</small></th><td>${VIEWS[view]}</td>${cell(active)}${cell(terminate)}${cell(held)}${cell(audit)}<td>${snapshotAt === null ? 'none' : timeOfIso(snapshotAt, now)}</td></tr>
`
}

const eventsSection = ({ events, at }: StatusView): Content => {
  const item = (event: RecentEvent) =>
    html`<li class="${event.level}"><span>${timeOf(event.at, at)} <strong>${event.event}</strong></span> ${event.text}</li>
`
  return html`<section><h2>Last events</h2>
${events.length === 0 ? html`<p>None since the start.</p>` : html`<ol class="events">${events.map(item)}</ol>`}</section>`
}

/** How many weeks are open at first. */
const OPEN_WEEKS = 3
/** How many policies are shown before the others are folded. */
const MOST_POLICIES = 20

const policiesSection = (view: Overview): Content => {
  const withHours = view.policies.filter(({ week }) => week !== undefined)
  const isOpen = withHours.length <= OPEN_WEEKS
  const blocks = view.policies.map((one) => policyBlock(one, view, isOpen))
  const rest = blocks.slice(MOST_POLICIES)
  return html`<section><h2>Policies</h2>
${withHours.length === 0 ? '' : LEGEND}
${blocks.slice(0, MOST_POLICIES)}
${rest.length === 0 ? '' : html`<details><summary>${plural(rest.length, 'more policy', 'more policies')}</summary>${rest}</details>`}</section>`
}

const policyBlock = (one: PolicyOverview, { at, mode, endpoints }: Overview, isOpen: boolean): Content => {
  const { policy, acts, week } = one
  const { name, kind } = policy
  const effect = acts ? 'enforces' : mode === 'audit' ? 'audit (daemon)' : 'audit'
  const holding = endpoints.filter(({ holds }) => holds.some((hold) => hold.policy === name)).length
  const held = holding === 0 ? [] : [`held on ${plural(holding, 'endpoint')}`]
  const badges = [kind.kind, effect, ...held].map((text) => html` <span class="badge">${text}</span>`)
  const heading = html`<h3>${name}</h3>${badges}`
  const sentence = html`<p>${withWholeInstants(policySentence(policy, acts ? 'Ends' : 'Would end'))}</p>`
  if (week === undefined)
    return html`<div class="policy">${heading}${sentence}</div>
`
  return html`<details class="policy"${isOpen ? html` open` : ''}><summary>${heading}</summary>${sentence}${weekTable(week, { name, now: at })}</details>
`
}

const footer = ({ version, policySetHash, audit }: StatusView): Content => html`<footer>
<p>Curfew ${version}, policy set <code>${policySetHash.slice(0, 12)}</code>${audit === undefined ? '' : html`, audit trail at line ${count(audit.seq)}`}.</p>
<ul>${Object.entries(PATHS).map(([path, description]) => html`<li><a href="${path}">${path}</a>: ${description}</li>`)}</ul>
</footer>`
