import type { EngineOverview } from '../../app/engine-overview.ts'
import type { EndpointOverview, Overview } from '../../app/overview.ts'
import { plural } from '../html/words.ts'

/** Whether Curfew enforces, in a few words. */
interface Headline {
  readonly severity: 'good' | 'care' | 'bad'
  readonly title: string
  readonly text: string
}

export const headlineOf = (overview: Overview): Headline => {
  const { mode, endpoints, policies } = overview
  const [all, acting] = [policies.length, policies.filter(({ acts }) => acts).length]
  const unseen = endpoints.filter(({ view }) => view === 'unseen').length
  const watched = plural(endpoints.length, 'endpoint')
  const inForce = all === 1 ? '1 policy' : `${all} policies`
  const scope = `${inForce} on ${watched}`
  const wouldEnd = mode === 'enforce' && acting > 0
  const apart = apartFrom(overview.engine)
  if (apart !== undefined) return apart
  const stopped = wouldEnd ? endingNowhere(overview) : undefined
  if (stopped !== undefined) return { severity: 'bad', title: 'Nothing is ended', text: `${stopped} ${scope}.` }
  const somewhere = endingNotEverywhere(overview, wouldEnd, scope)
  if (somewhere !== undefined) return somewhere
  if (mode === 'audit') {
    return {
      severity: 'care',
      title: 'Audit only',
      text: `Nothing is ended, because curfew.yaml says “mode: audit”. Curfew reports what ${scope} would end.`,
    }
  }
  if (acting === 0) {
    return {
      severity: 'care',
      title: 'Audit only',
      text: `Nothing is ended, because each policy says “mode: audit”. ${scope}.`,
    }
  }
  if (endpoints.length === 0 && holdsNothing(overview.engine)) {
    return {
      severity: 'good',
      title: 'Standing by',
      text: `Other replicas hold all units, and this one takes over what they lose. ${inForce}.`,
    }
  }
  if (endpoints.length === 0) {
    return {
      severity: 'care',
      title: 'No endpoints',
      text: `Nothing is watched: no endpoint has been found. ${inForce}.`,
    }
  }
  if (unseen > 0) {
    return { severity: 'care', title: 'Starting', text: `${plural(unseen, 'endpoint')} not read yet. ${scope}.` }
  }
  const audited = acting === all ? '' : `, ${all - acting} of them in audit`
  const limits = limitsOf(overview)
  return {
    severity: limits.length === 0 ? 'good' : 'care',
    title: 'Enforcing',
    text: [`${inForce}${audited}, on ${watched}.`, ...limits].join(' '),
  }
}

/** Why this replica serves nothing, whatever its configuration says. Other replicas may serve its units. */
const apartFrom = (engine: EngineOverview): Headline | undefined => {
  if (engine.kind === 'files') return undefined
  const { status } = engine
  switch (status.state) {
    case 'joining':
      return {
        severity: 'care',
        title: 'Joining',
        text: 'This replica ends nothing, because it is not joined with the others yet.',
      }
    case 'away':
      return {
        severity: 'bad',
        title: 'Nothing is ended here',
        text: 'This replica cannot reach the database. Other replicas hold the units if they can.',
      }
    case 'refused':
      return {
        severity: 'bad',
        title: 'Nothing is ended here',
        text: 'This replica may not join the others until somebody acts.',
      }
    case 'joined':
      return status.isOld
        ? {
            severity: 'care',
            title: 'Another configuration',
            text: 'A configuration that a replica began later is in force. This replica hands its units over, and takes none.',
          }
        : undefined
  }
}

const unitsIn = (engine: EngineOverview, state: 'held' | 'elsewhere' | 'free'): number =>
  engine.kind === 'postgres' && engine.status.state === 'joined'
    ? engine.status.units.filter((unit) => unit.state === state).length
    : 0

const holdsNothing = (engine: EngineOverview): boolean =>
  unitsIn(engine, 'held') === 0 && unitsIn(engine, 'free') === 0 && unitsIn(engine, 'elsewhere') > 0

/** Why nothing is ended on any endpoint, whatever can be seen there. */
const endingNowhere = ({ ongoing }: Overview): string | undefined => {
  if (ongoing.unwritable.has('audit')) return 'The audit trail cannot be written.'
  return ongoing.clocks === 'apart' ? 'Nobody knows what time it is.' : undefined
}

/** The endpoints on which nothing is ended, because Curfew is blind there or may not end connections. */
const endingNotEverywhere = (
  { mode, endpoints, ongoing }: Overview,
  wouldEnd: boolean,
  scope: string,
): Headline | undefined => {
  const isDenied = ({ endpointId, region }: EndpointOverview) =>
    ongoing.missingPermissions.some(({ endpoint }) => endpoint.id === endpointId && endpoint.region === region)
  const blind = endpoints.filter(({ view }) => view === 'blind').length
  const denied = wouldEnd ? endpoints.filter((one) => one.view !== 'blind' && isDenied(one)).length : 0
  const [none, all] = [blind + denied, endpoints.length]
  if (none === 0) return undefined
  const elsewhere = none === all ? '' : ` On the others the mode is ${mode}.`
  const watched = plural(all, 'endpoint')
  if (denied === 0) {
    const title = blind === all ? 'BLIND' : `${blind} of ${watched} BLIND`
    return { severity: 'bad', title, text: `Nothing is ended where Curfew is blind.${elsewhere} ${scope}.` }
  }
  const title = none === all ? 'Nothing is ended' : `Nothing is ended on ${none} of ${watched}`
  const notAllowed = `IAM does not allow it on ${plural(denied, 'endpoint')}`
  const why = blind === 0 ? notAllowed : `${notAllowed}, and ${blind} ${blind === 1 ? 'is' : 'are'} BLIND`
  return { severity: 'bad', title, text: `${why}.${elsewhere} ${scope}.` }
}

/** What ends less than the files say, though Curfew enforces. */
const limitsOf = ({ endpoints, engine, lastReload, unmatched }: Overview): readonly string[] => {
  const free = unitsIn(engine, 'free')
  const held = new Set(endpoints.flatMap(({ holds }) => holds.map(({ policy }) => policy))).size
  const stale = endpoints.filter(({ view }) => view === 'stale').length
  const selectors = unmatched.length
  return [
    ...(free === 0 ? [] : [`Nobody holds ${plural(free, 'unit')}.`]),
    ...(held === 0 ? [] : [`The guard holds ${held} of the policies.`]),
    ...('problems' in lastReload ? ['The new configuration was refused: the last good one is in force.'] : []),
    ...(stale === 0 ? [] : [`${plural(stale, 'endpoint')} could not be read lately.`]),
    ...(selectors === 0
      ? []
      : [`${plural(selectors, 'selector')} of endpoints ${selectors === 1 ? 'matches' : 'match'} none.`]),
  ]
}
