import type { RefusedReload, WrittenFile } from '../../app/events.ts'
import type { EndpointOverview, Overview } from '../../app/overview.ts'
import { firstNames } from '../../domain/shortened.ts'
import { type Content, html } from '../html/html.ts'
import { plural, timeOf, timeOfIso } from '../html/words.ts'
import { namelessProblems } from '../log/without-names.ts'

/** One thing that an operator must look at. `bad`: sessions that should end do not. */
interface Trouble {
  readonly severity: 'bad' | 'care'
  readonly title: string
  readonly text: Content
}

/** How many problems of a refused configuration, and how many blind endpoints, are told one by one. */
const MOST_PROBLEMS = 3
const MOST_BLIND = 10

/** What keeps Curfew from enforcing, the worst first. */
export const troublesOf = (overview: Overview, names: boolean): readonly Trouble[] => {
  const all = [
    ...replica(overview),
    ...blind(overview),
    ...unwritable(overview),
    ...clocks(overview),
    ...permissions(overview),
  ]
  return [...all, ...reload(overview, names), ...stale(overview), ...unmatched(overview)].sort(
    (a, b) => Number(b.severity === 'bad') - Number(a.severity === 'bad'),
  )
}

export const troubleBlock = ({ severity, title, text }: Trouble): Content =>
  html`<div class="${severity}"><h3>${title}</h3>${text}</div>
`

/** An endpoint as people know it, with its id. */
export const endpointName = ({ name, endpointId, region }: Pick<EndpointOverview, 'name' | 'endpointId' | 'region'>) =>
  html`${name}${name === endpointId ? '' : html` <code>${endpointId}</code>`} in ${region}`

const replica = ({ engine, at }: Overview): readonly Trouble[] => {
  if (engine.kind === 'files') return []
  const { status } = engine
  switch (status.state) {
    case 'joining':
      return status.message === undefined
        ? []
        : [
            {
              severity: 'bad',
              title: 'The database cannot be reached',
              text: html`<p>${status.message}. Curfew tries again.</p>`,
            },
          ]
    case 'away':
      return [
        {
          severity: 'bad',
          title: 'The database cannot be reached',
          text: html`<p>Since ${timeOf(status.since, at)}: ${status.message}. This replica holds no unit, and joins by itself once the database answers. Until then other replicas hold the units, if they reach it.</p>`,
        },
      ]
    case 'refused':
      return [
        {
          severity: 'bad',
          title: 'This replica may not join the others',
          text: html`<p>${status.message}.</p>`,
        },
      ]
    case 'joined': {
      const free = status.units.filter(({ state }) => state === 'free').map(({ unit }) => unit)
      return free.length === 0
        ? []
        : [
            {
              severity: 'care',
              title: `${plural(free.length, 'unit')} that nobody holds`,
              text: html`<p>${firstNames(free).join(', ')}: nothing is ended there until a replica takes ${free.length === 1 ? 'it' : 'them'} over, usually within seconds.</p>`,
            },
          ]
    }
  }
}

const blind = ({ endpoints, at }: Overview): readonly Trouble[] => {
  const all = endpoints.filter(({ view }) => view === 'blind')
  const told = all.slice(0, MOST_BLIND).map((endpoint): Trouble => {
    const { name, because, snapshotAt } = endpoint
    const last =
      snapshotAt === null
        ? 'It has not been read completely since the start.'
        : html`It was last read completely at ${timeOfIso(snapshotAt, at)}.`
    return {
      severity: 'bad',
      title: `${name} is BLIND`,
      text: html`<p>Curfew cannot see who is connected to ${endpointName(endpoint)}, and ends nothing there until it can read it again: ${because ?? 'no reason is known'}.</p><p class="quiet">${last}</p>`,
    }
  })
  const others = all.slice(MOST_BLIND)
  if (others.length === 0) return told
  const list = firstNames(others.map(({ name }) => name)).join(', ')
  return [
    ...told,
    { severity: 'bad', title: `${plural(others.length, 'more endpoint')} BLIND`, text: html`<p>${list}</p>` },
  ]
}

const unwritable = ({ ongoing }: Overview): readonly Trouble[] =>
  [...ongoing.unwritable].map(([what, message]) => {
    const { severity, name, effect } = UNWRITABLE[what]
    return { severity, title: `The ${name} cannot be written`, text: html`<p>${effect}: ${message}.</p>` }
  })

const UNWRITABLE: Readonly<
  Record<WrittenFile, Pick<Trouble, 'severity'> & { readonly name: string; readonly effect: string }>
> = {
  audit: { severity: 'bad', name: 'audit trail', effect: 'Nothing is ended until it can be written again' },
  state: { severity: 'care', name: 'state file', effect: 'A restart would lose graces, cooldowns and holds' },
  history: {
    severity: 'care',
    name: 'history',
    effect: 'Policies are enforced without it, and it lacks what begins and ends meanwhile',
  },
}

const clocks = ({ ongoing }: Overview): readonly Trouble[] => {
  if (ongoing.clocks === 'agree') return []
  return ongoing.clocks === 'apart'
    ? [
        {
          severity: 'bad',
          title: 'The clocks of this host and of AWS are too far apart',
          text: html`<p>One of them is wrong, and nothing is ended until they agree. Fix the time service of this host.</p>`,
        },
      ]
    : [
        {
          severity: 'care',
          title: 'The clocks of this host and of AWS differ',
          text: html`<p>Curfew follows AWS’s clock. Fix the time service of this host.</p>`,
        },
      ]
}

const permissions = ({ ongoing }: Overview): readonly Trouble[] => {
  const { missingPermissions } = ongoing
  if (missingPermissions.length === 0) return []
  const actions = [...new Set(missingPermissions.map(({ action }) => action))]
  const endpoints = [...new Set(missingPermissions.map(({ endpoint }) => endpoint.name))]
  return [
    {
      severity: 'bad',
      title: `IAM does not allow ${actions.join(' and ')}`,
      text: html`<p>Allow it for Curfew’s role, or no connection can be ended on ${firstNames(endpoints).join(', ')}.</p>`,
    },
  ]
}

const reload = ({ lastReload }: Overview, names: boolean): readonly Trouble[] => {
  if (!('problems' in lastReload)) return []
  const { source, problems, outcome } = lastReload
  const told = names ? problems : namelessProblems(lastReload)
  const shown = told.slice(0, MOST_PROBLEMS)
  const more = problems.length - shown.length
  const inForce =
    outcome === 'mode-only'
      ? 'Of the new configuration only its “mode: audit” is in force, with the last good policies.'
      : 'The last good one stays in force.'
  return [
    {
      severity: 'care',
      title: TITLES[source](problems.length),
      text: html`<p>${inForce} ${ADVICE[source]}</p>
<ul>${shown.map((problem) => html`<li>${problem}</li>`)}${more > 0 ? html`<li>and ${plural(more, 'more problem')}</li>` : ''}</ul>`,
    },
  ]
}

type Source = RefusedReload['source']

const TITLES: Readonly<Record<Source, (problems: number) => string>> = {
  files: (problems) => `The new configuration has ${plural(problems, 'problem')} and was refused`,
  secrets: (problems) => `The secrets of the new configuration have ${plural(problems, 'problem')}: it was refused`,
  fault: () => 'The new configuration failed, and was refused',
}

const ADVICE: Readonly<Record<Source, Content>> = {
  files: html`Fix the problems and save; <code>curfew validate</code> lists them if the daemon’s user runs it.`,
  secrets: html`Correct the secrets and save <code>curfew.yaml</code>; <code>curfew doctor</code> lists them.`,
  fault: 'Report it, and save again or start the daemon anew.',
}

const stale = ({ endpoints, at }: Overview): readonly Trouble[] => {
  const all = endpoints.filter(({ view }) => view === 'stale')
  const [oldest] = all.flatMap(({ snapshotAt }) => snapshotAt ?? []).sort()
  if (all.length === 0 || oldest === undefined) return []
  return [
    {
      severity: 'care',
      title: `${plural(all.length, 'endpoint')} could not be read lately`,
      text: html`<p>${firstNames(all.map(({ name }) => name)).join(', ')}: policies on facts that can change wait for the next snapshot. The oldest is from ${timeOfIso(oldest, at)}.</p>`,
    },
  ]
}

const unmatched = ({ unmatched: entries }: Overview): readonly Trouble[] => {
  if (entries.length === 0) return []
  const texts = entries.map(({ policy, selector, entry }) => `${policy}: ${selector} “${entry}”`)
  return [
    {
      severity: 'care',
      title: `${plural(entries.length, 'selector')} of endpoints ${entries.length === 1 ? 'matches' : 'match'} no watched endpoint`,
      text: html`<p>${firstNames(texts).join(', ')}. Correct or remove them, or watch the endpoints.</p>`,
    },
  ]
}
