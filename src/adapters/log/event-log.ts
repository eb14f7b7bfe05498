import type { Logger } from 'pino'
import { overlapText } from '../../app/each-endpoint-once.ts'
import type { Endpoint } from '../../app/endpoint.ts'
import type { CurfewEvent, WrittenFile } from '../../app/events.ts'
import type { PolicyFactsOf } from '../../app/policy-facts.ts'
import { releaseOf } from '../../app/release.ts'
import type { Violation } from '../../domain/judge/violation.ts'
import { quotedName } from '../../domain/names/shown-name.ts'
import type { ListOwner } from '../../domain/policies/user-lists.ts'
import { firstNames } from '../../domain/shortened.ts'
import type { TerminateCall } from '../../domain/terminate/plan.ts'
import type { Outcome } from '../../domain/terminate/termination.ts'
import type { Distrust } from '../../domain/terminate/verification.ts'
import { endText, leftText } from '../../domain/time/end-text.ts'
import { type Instant, SECOND, toIso } from '../../domain/time/instant.ts'
import { plural } from '../html/words.ts'

/** The endpoint's fields, named like the labels of the metrics. */
const on = ({ id, name, account, region }: Endpoint) => ({ vpn_endpoint: id, name, account, region })

const iso = (at: Instant | undefined) => (at === undefined ? undefined : toIso(at))

const fieldsOf = ({ since, deadline, ...rest }: Violation) => ({ ...rest, since: iso(since), deadline: iso(deadline) })

/** The principal of a connection; its id if it has none. */
const nameOf = ({ username, commonName, connectionId }: Pick<Violation, 'username' | 'commonName' | 'connectionId'>) =>
  username ?? commonName ?? connectionId

/** The connection and its endpoint, as the subject of a message. */
const subjectOf = (violation: Violation, { name }: Endpoint) => `"${nameOf(violation)}" on ${name}`

const quoted = (names: readonly string[]) => names.map((name) => `"${name}"`).join(', ')

/** The connections of a call and their endpoint: those of one user, or a single one. */
const calledFor = ({ decisions }: TerminateCall, { name }: Endpoint) => {
  const names = decisions.map(({ connection: { id, ...names } }) => nameOf({ ...names, connectionId: id }))
  const connections = names.length > 1 ? ` (${names.length} connections)` : ''
  return `${quoted([...new Set(names)])} on ${name}${connections}`
}

/** How many people the message about a hold names. The field `names` has up to ten. */
const NAMED = 3

const idsOf = (endpoints: readonly Endpoint[]) => firstNames(endpoints.map(({ id }) => id))

const listName = ({ policy, list }: ListOwner) =>
  policy === undefined ? `"${list}"` : `"${list}" in policy "${policy.name}"`

/** From the third reconnect in a row on, only the loop is reported: its violations and terminations are `debug`. */
const isLoop = (repeats: number) => repeats >= 3

const isPowerOfTwo = (count: number) => (count & (count - 1)) === 0

const WRITTEN: Readonly<Record<WrittenFile, string>> = {
  audit: 'audit trail',
  state: 'state file',
  history: 'history',
}

const UNWRITABLE: Readonly<Record<WrittenFile, string>> = {
  audit: 'nothing is ended until the audit trail can be written again',
  state: 'the state file cannot be written, so a restart would lose graces, cooldowns and holds',
  history: 'policies are enforced without the history, which lacks what begins and ends meanwhile',
}

const DISTRUSTED: Readonly<Record<Distrust, string>> = {
  refused: 'AWS refuses to list connections by their ids',
  'not-filtered': 'AWS lists connections that were not asked for',
  contradicted:
    'a list shows a connection as active that AWS had not shown when asked for it, so an outcome may be wrong; the connection is terminated again if it is due,',
}

/** Writes one line for each event; `docs/log.md` lists the fields. Events of every cycle are `debug`. */
export const createEventLog = (log: Logger, factsOf: PolicyFactsOf = () => ({ timeZone: 'UTC', cooldownMs: 0 })) => {
  // An anchor that `warn` or `error` hides would be missing when the trail is to be proved, and nobody would know before.
  const anchors = log.child({}, { level: 'info' })
  return (emitted: CurfewEvent): void => {
    const { event } = emitted
    switch (emitted.event) {
      case 'started':
      case 'reloaded': {
        const { mode, policies, endpoints, policySetHash } = emitted
        // A replica is granted its units a moment later.
        const where = endpoints.length === 0 ? 'no endpoint yet' : plural(endpoints.length, 'endpoint')
        const summary = `${plural(policies, 'policy', 'policies')} on ${where} in mode ${mode}`
        log.info(
          { event, mode, policies, endpoints: idsOf(endpoints), policySetHash },
          emitted.event === 'started' ? `watching: ${summary}` : `new configuration in force: ${summary}`,
        )
        break
      }
      case 'list-changed': {
        const { policy, list, entries } = emitted
        const [added, removed] = [emitted.added.length, emitted.removed.length]
        const place = policy === undefined ? `"${list}"` : `"${list}" of policy "${policy}"`
        log.info(
          { event, policy, list, entries, added, removed },
          `the users of ${place} have changed: ${added} entries added, ${removed} removed`,
        )
        break
      }
      case 'reload-refused': {
        const { source, problems } = emitted
        const { found, advice } = REFUSED_RELOADS[source]
        log.error(
          { event, problems: firstNames(problems) },
          `the new configuration has ${problems.length} ${found} and was refused: the last good one stays in force. ${advice}. The first is ${problems[0]}`,
        )
        break
      }
      case 'mode-obeyed':
        log.warn(
          { event, mode: emitted.mode, policySetHash: emitted.policySetHash },
          `the refused configuration says "mode: ${emitted.mode}", and this part is in force: nothing is ended, by the last good policies, until a configuration without problems is saved`,
        )
        break
      case 'endpoints-changed': {
        const { endpoints, gone, isShared } = emitted
        log.info(
          { event, endpoints: idsOf(endpoints), gone: idsOf(gone) },
          isShared === true
            ? `this replica watches ${plural(endpoints.length, 'endpoint')} now${gone.length === 0 ? '' : `, and ${gone.length} no longer: other replicas watch those that they hold`}`
            : `the watched endpoints have changed: ${endpoints.length} now, ${gone.length} no longer watched`,
        )
        break
      }
      case 'endpoint-overlap': {
        const { region, endpoint, entry, others } = emitted.overlap
        const { id, name } = endpoint
        log.warn({ event, vpn_endpoint: id, name, region, entry, others }, overlapText(emitted.overlap))
        break
      }
      case 'discovery-failed':
        log.warn(
          { event, region: emitted.region },
          `endpoints in ${emitted.region} could not be listed, so the last list stays in force: ${emitted.message}`,
        )
        break
      case 'tags-unread':
        log.warn(
          { event, region: emitted.region },
          `the tags of the endpoints in ${emitted.region} could not be read. Policies that name endpoints by tags, or by names that "watch" does not give, end nobody on an endpoint whose tags have never been read; on others the last tags stay in force. Curfew tries again every minute: ${emitted.message}`,
        )
        break
      case 'unmatched-entries': {
        const { entries, added } = emitted
        if (added.length === 0) break
        const texts = added.map(({ policy, selector, entry }) => `${policy}: ${selector} "${entry}"`)
        log.warn(
          { event, entries: firstNames(texts), unmatched: entries.length },
          `${added.length} entries of "endpoints" match no watched endpoint: ${firstNames(texts).join(', ')}. Correct or remove them, or watch the endpoints; "unmatched" in /status lists all`,
        )
        break
      }
      case 'selection-changed': {
        const { endpoint, policies } = emitted
        log.warn(
          { event, ...on(endpoint), policies: firstNames(policies) },
          `another name or other tags of ${endpoint.name} change whether ${policies.length} policies apply to it: the guard checks them like an edit`,
        )
        break
      }
      case 'permission-missing':
        log.error(
          { event, ...on(emitted.endpoint), action: emitted.action },
          `IAM does not allow ${emitted.action} on ${emitted.endpoint.name}: allow it for Curfew's role, or no connection on this endpoint can be terminated`,
        )
        break
      case 'permission-granted':
        log.info(
          { event, ...on(emitted.endpoint), action: emitted.action },
          `IAM now allows ${emitted.action} on ${emitted.endpoint.name}`,
        )
        break
      case 'stopping':
        log.info(
          { event, inFlight: emitted.inFlight },
          `stopping: no new calls leave, ${emitted.inFlight} call(s) wait for an answer`,
        )
        break
      case 'stopped':
        log.info({ event }, 'stopped')
        break
      case 'polled': {
        const { connections, begunAt, completedAt } = emitted.snapshot
        const [rows, durationMs] = [connections.length, completedAt - begunAt]
        log.debug(
          { event, ...on(emitted.endpoint), rows, durationMs },
          `snapshot of ${emitted.endpoint.name} complete: ${rows} rows in ${durationMs} ms`,
        )
        break
      }
      case 'poll-failed': {
        const { endpoint, code, failures, blind, retryAt, message } = emitted
        log[blind ? 'error' : 'warn']({ event, ...on(endpoint), code, failures, blind, retryAt: iso(retryAt) }, message)
        break
      }
      case 'blind':
        log.error(
          { event, ...on(emitted.endpoint), because: emitted.because },
          `BLIND: nothing is ended on ${emitted.endpoint.name} until Curfew can read it again: ${emitted.because}`,
        )
        break
      case 'poll-skipped':
        log.debug(
          { event, ...on(emitted.endpoint), reason: emitted.reason },
          `poll of ${emitted.endpoint.name} skipped: ${SKIP_REASONS[emitted.reason]}`,
        )
        break
      case 'looked-up': {
        const { asked, shown, durationMs } = emitted
        log.debug(
          { event, ...on(emitted.endpoint), asked, rows: shown, durationMs },
          `looked up ${asked} terminated connections of ${emitted.endpoint.name}: ${shown} rows in ${durationMs} ms`,
        )
        break
      }
      case 'lookup-failed': {
        const { endpoint, code, retryAt, message } = emitted
        log.warn(
          { event, ...on(endpoint), code, retryAt: iso(retryAt) },
          `terminations on ${endpoint.name} could not be looked up, so the next polls prove them: ${message}`,
        )
        break
      }
      case 'lookups-distrusted': {
        const { endpoint, because, retryAt, answer } = emitted
        const told = answer === undefined ? '' : `: ${answer.message}`
        log.warn(
          { event, ...on(endpoint), because, retryAt: iso(retryAt) },
          `${DISTRUSTED[because]} on ${endpoint.name}. Whole lists prove terminations until ${toIso(retryAt)}, which takes more requests${told}`,
        )
        break
      }
      case 'lookups-resumed':
        log.info({ event, ...on(emitted.endpoint) }, `lookups on ${emitted.endpoint.name} are tried again`)
        break
      case 'unknown-status':
        log.warn(
          { event, ...on(emitted.endpoint), status: emitted.status },
          `AWS reports the connection status "${emitted.status}" on ${emitted.endpoint.name}, which Curfew does not know: such connections count as active. Check for a newer version of Curfew`,
        )
        break
      case 'unread-value':
        log.warn(
          { event, ...on(emitted.endpoint), field: emitted.field, value: emitted.value },
          `AWS reports the ${emitted.field} "${emitted.value}" on ${emitted.endpoint.name}, which Curfew cannot read: policies that need it do not end such connections. Check for a newer version of Curfew`,
        )
        break
      case 'near-miss': {
        const { example, policy, list, entry, users } = emitted.nearMiss
        const { id: connectionId, username, commonName } = example
        const others = users > 1 ? ` and ${users - 1} more connected users` : ''
        log.warn(
          {
            event,
            ...on(emitted.endpoint),
            connectionId,
            username,
            commonName,
            policy: policy?.name,
            list,
            entry,
            users,
          },
          `the entry ${quotedName(entry)} of ${listName(emitted.nearMiss)} resembles ${quotedName(nameOf({ username, commonName, connectionId }))}${others} on ${emitted.endpoint.name} but does not match: correct the entry if it means ${users > 1 ? 'these users' : 'this user'}`,
        )
        break
      }
      case 'more-near-misses': {
        const { endpoint, policy, list, entries } = emitted
        const these = entries > 1 ? `${entries} more entries` : 'one more entry'
        log.warn(
          { event, ...on(endpoint), policy: policy?.name, list, entries },
          `${these} of ${listName(emitted)} on ${endpoint.name} only ${entries > 1 ? 'resemble' : 'resembles'} connected users: check how the list spells names. curfew plan --output json lists all`,
        )
        break
      }
      case 'decided': {
        const { endpoint, decisions, next } = emitted
        const { active, violating } = decisions
        const nextAt = iso(next.at)
        log.debug(
          { event, ...on(endpoint), active, violating: violating.length, nextAt, because: next.because },
          `decided about ${active} active connections on ${endpoint.name}; next at ${nextAt ?? 'the schedule'}: ${next.because}`,
        )
        break
      }
      case 'violation': {
        const { endpoint, violation, mode, repeats } = emitted
        log[isLoop(repeats) ? 'debug' : 'info'](
          { event, ...on(endpoint), ...fieldsOf(violation), mode },
          `${EFFECTS[mode]}: ${subjectOf(violation, endpoint)} violates policy "${violation.policy}": ${violation.because}`,
        )
        break
      }
      case 'warning': {
        const { endpoint, violation, leadMs, endsAt, at } = emitted
        const end = `${endText(endsAt, at, factsOf(violation.policy).timeZone)}, ${leftText(endsAt - at)}`
        log.info(
          { event, ...on(endpoint), ...fieldsOf(violation), leadMs, endsAt: iso(endsAt) },
          `${subjectOf(violation, endpoint)} ends at ${end}, by policy "${violation.policy}": ${violation.because}`,
        )
        break
      }
      case 'warned': {
        const { endpoint, violation, leadMs, endsAt, target } = emitted
        log.debug(
          { event, ...on(endpoint), ...fieldsOf(violation), leadMs, endsAt: iso(endsAt), target },
          `"${target}" has the warning of ${subjectOf(violation, endpoint)}`,
        )
        break
      }
      case 'not-warned': {
        const { endpoint, violation, leadMs, endsAt, target, why } = emitted
        log.debug(
          { event, ...on(endpoint), ...fieldsOf(violation), leadMs, endsAt: iso(endsAt), target, why },
          `"${target}" does not get the warning of ${subjectOf(violation, endpoint)}: ${why}`,
        )
        break
      }
      case 'extended': {
        const { endpoint, violation, ordinal, byMs, endsAt, at } = emitted
        const end = endText(endsAt, at, factsOf(violation.policy).timeZone)
        log.info(
          { event, ...on(endpoint), ...fieldsOf(violation), extension: ordinal, byMs, endsAt: iso(endsAt) },
          `${subjectOf(violation, endpoint)} is extended by its user until ${end}, under policy "${violation.policy}"`,
        )
        break
      }
      case 'extension-refused': {
        const { right, why } = emitted
        const { region, endpointId, connectionId, policy, ordinal } = right
        // Whoever has a link can press its button as often as they like.
        log[why === 'unrecorded' ? 'error' : 'debug'](
          { event, vpn_endpoint: endpointId, region, connectionId, policy, extension: ordinal, why },
          `an extension of ${connectionId} under policy "${policy}" was not granted: ${REFUSALS[why]}`,
        )
        break
      }
      case 'held': {
        const { endpoint, policy, endsNow, endsLater, active, examples, at } = emitted
        const release = releaseOf(policy)
        const [since, names] = [iso(at), examples.map(nameOf)]
        const example = names.length === 0 ? '' : ` (for example ${quoted(names.slice(0, NAMED))})`
        log.warn(
          { event, ...on(endpoint), policy, active, endsNow, endsLater, since, names, release },
          `HELD by the guard: policy "${policy}" would end ${endsNow} of ${active} connections on ${endpoint.name} now${example}, and ${endsLater} more within 24h. It ends nobody there until it is edited. ${release}`,
        )
        break
      }
      case 'released': {
        const { endpoint, policy, since } = emitted
        log.info(
          { event, ...on(endpoint), policy, since: iso(since) },
          `the guard no longer holds policy "${policy}" on ${endpoint.name}`,
        )
        break
      }
      case 'call-answered': {
        const { endpoint, call, outcome, message, requestId } = emitted
        const level = outcome === 'accepted' ? 'debug' : outcome === 'denied' ? 'error' : 'warn'
        const connectionIds = call.decisions.map(({ connection }) => connection.id)
        log[level](
          { event, ...on(endpoint), connectionIds, selector: call.selector, outcome, requestId },
          message === undefined
            ? `AWS accepted the termination of ${calledFor(call, endpoint)}`
            : `AWS did not accept the termination of ${calledFor(call, endpoint)}: ${message}`,
        )
        break
      }
      case 'accepted':
        log.debug(
          { event, ...on(emitted.endpoint), ...fieldsOf(emitted.violation) },
          `AWS accepted the termination of ${subjectOf(emitted.violation, emitted.endpoint)}`,
        )
        break
      case 'also-ended':
        log.info(
          { event, ...on(emitted.endpoint), ...fieldsOf(emitted.violation), requestId: emitted.requestId },
          `${subjectOf(emitted.violation, emitted.endpoint)} was ended by a call for its user name: the connection is newer than the snapshot. Policy "${emitted.violation.policy}": ${emitted.violation.because}`,
        )
        break
      case 'call-withdrawn': {
        const { endpoint, call, why } = emitted
        const connectionIds = call.decisions.map(({ connection }) => connection.id)
        log.debug(
          { event, ...on(endpoint), connectionIds, why },
          `the termination of ${calledFor(call, endpoint)} was not sent: ${WITHDRAWAL_REASONS[why]}`,
        )
        break
      }
      case 'termination': {
        const { endpoint, violation, outcome, attempts, repeats, requestId } = emitted
        const level = outcome === 'gave-up' || outcome === 'failed' ? 'error' : isLoop(repeats) ? 'debug' : 'info'
        log[level](
          { event, ...on(endpoint), ...fieldsOf(violation), outcome, attempts, requestId },
          outcomeText(violation, endpoint, outcome, attempts),
        )
        break
      }
      case 'reconnected': {
        const { endpoint, connection, policy, count } = emitted
        const { id: connectionId, username, commonName } = connection
        const subject = `"${nameOf({ username, commonName, connectionId })}" on ${endpoint.name}`
        const level = !isPowerOfTwo(count) ? 'debug' : isLoop(count) ? 'warn' : 'info'
        log[level](
          { event, ...on(endpoint), connectionId, username, commonName, policy, count },
          isLoop(count)
            ? `${subject} reconnected ${count} times in a row after policy "${policy}" ended it: deny the user in the client connect handler or at the identity provider`
            : `${subject} reconnected after policy "${policy}" ended it`,
        )
        break
      }
      case 'queue':
        log.trace(
          { ...emitted },
          `${emitted.length} terminate call(s) wait in ${emitted.region}, for ${emitted.etaSeconds} s`,
        )
        break
      case 'unwritable':
        log.error({ event, what: emitted.what }, `${UNWRITABLE[emitted.what]}: ${emitted.message}`)
        break
      case 'writable':
        log.info({ event, what: emitted.what }, `the ${WRITTEN[emitted.what]} can be written again`)
        break
      case 'state-set-aside':
        log.warn(
          { event, file: emitted.file, why: emitted.why },
          `the state of the last process cannot be read (${emitted.why}): ${emitted.file === undefined ? 'the file could not be moved, and the next save replaces it' : `it was moved to ${emitted.file}`}. Grace, cooldown and idle times begin anew, and the guard treats every policy as just changed`,
        )
        break
      case 'calls-dropped': {
        const { calls } = emitted
        const policies = [...new Set(calls.map(({ policy }) => policy))]
        const names = firstNames(calls.flatMap(({ principal }) => principal ?? []))
        const cooldowns = calls.filter(({ what }) => what === 'cooldown').length
        const terminations = calls.length - cooldowns
        log.warn(
          { event, policies, cooldowns, terminations, names },
          `${cooldowns} cooldown(s) and ${terminations} termination(s) in the state file have no intent in the audit trail, and are not used${names.length === 0 ? '' : ` (${names.join(', ')})`}: somebody changed the state file, the audit files of that time were moved away, or the last process was killed before an intent was on disk`,
        )
        break
      }
      case 'audit-head': {
        const { occasion, unit, seq, hash } = emitted
        const where = unit === undefined ? '' : ` of ${unit}`
        if (log.level !== 'silent')
          anchors.info(
            { event, occasion, unit, seq, hash },
            `the audit trail${where} ${HEADS[occasion]}: line ${seq}, hash ${hash}`,
          )
        break
      }
      case 'lock-lost':
        log.error(
          { event },
          'another process holds the lock of the audit trail: it took this process for dead, for example because this one was suspended. This process stops, and saves no state',
        )
        break
      case 'audit-records-lost':
        log.error(
          { event, records: emitted.records },
          `${emitted.records} record(s) of the audit trail are lost: they waited for the disk, and could not be written`,
        )
        break
      case 'engine-joined': {
        const { replica, members, generation } = emitted
        log.info(
          { event, replica, members, generation },
          `this replica (${replica}) is connected to the database: ${plural(members, 'replica')} share${members === 1 ? 's' : ''} the units, under generation ${generation}`,
        )
        break
      }
      case 'engine-away':
        log.error(
          { event },
          `this replica cannot reach the database, so it holds no unit and ends nothing: ${emitted.message}. Curfew tries again every few seconds; other replicas take over what they can reach`,
        )
        break
      case 'engine-refused':
        log.error(
          { event, why: emitted.why },
          `this replica holds no unit and ends nothing, until you act: ${emitted.message}`,
        )
        break
      case 'engine-beat': {
        const { tookMs, members, units } = emitted
        const [held, elsewhere, free] = UNIT_STATES.map((one) => units.filter(({ state }) => state === one).length)
        log.trace(
          { event, tookMs, members, held, elsewhere, free },
          `the database answered within ${Math.round(tookMs)} ms: ${held} units are held here, ${elsewhere} elsewhere, ${free} are free`,
        )
        break
      }
      case 'generation': {
        const { generation, own, begunBy, isOld, cameBack, isNewerGone } = emitted
        log[cameBack || isNewerGone ? 'warn' : 'info'](
          { event, generation, own, begunBy, isOld, cameBack, isNewerGone },
          generationText(emitted),
        )
        break
      }
      case 'tenure-began': {
        const { unit, epoch, openIntents } = emitted
        log.info(
          { event, unit, epoch, openIntents },
          `this replica holds the unit "${unit}" from now on, in tenure ${epoch}${openIntents === 0 ? '' : `, and follows ${openIntents} termination(s) of earlier tenures`}`,
        )
        break
      }
      case 'tenure-ended': {
        const { unit, epoch, how, because } = emitted
        log[TENURE_END_LEVELS[how]](
          { event, unit, epoch, how, because },
          `this replica no longer holds the unit "${unit}" (tenure ${epoch}): ${because}`,
        )
        break
      }
      case 'clock-skew': {
        const { skewMs, warned, apart } = emitted
        const skewSeconds = Math.round(Math.abs(skewMs) / SECOND)
        log[apart ? 'error' : warned ? 'warn' : 'info'](
          { event, skewMs, apart },
          apart
            ? `the clocks of this host and of AWS are too far apart (${skewSeconds} s) to know which is right: nothing is ended. Fix the time service of this host`
            : warned
              ? `the clocks of this host and of AWS differ by ${skewSeconds} s: Curfew follows AWS’s. Fix the time service of this host`
              : 'the clocks of this host and of AWS agree again',
        )
        break
      }
    }
  }
}

const generationText = ({
  generation,
  own,
  begunBy,
  isOld,
  cameBack,
  isNewerGone,
}: Extract<CurfewEvent, { event: 'generation' }>): string => {
  if (isNewerGone) {
    return `no replica of the newest configuration is left, so this one goes on with its older one, of generation ${own}. If its files are old, stop it, or give it the right ones`
  }
  const by = begunBy === undefined ? 'this replica' : `the replica ${begunBy}`
  const handsOver = isOld ? `. This replica has another one, of generation ${own}, and hands its units over` : ''
  if (!cameBack) {
    return `${isOld ? 'another configuration' : 'the configuration of this replica'} is in force, as generation ${generation}, begun by ${by}${handsOver}`
  }
  return `${by} has brought an earlier configuration back, as generation ${generation}${handsOver}. If you did not roll back, ${by} has old files: stop it, or give it the right ones`
}

const UNIT_STATES = ['held', 'elsewhere', 'free'] as const

/** A unit whose state or chain cannot be taken over stays without enforcement until somebody acts. */
const TENURE_END_LEVELS = { returned: 'info', lost: 'warn', refused: 'error' } as const

const HEADS = {
  start: 'continues here',
  hour: 'so far',
  stop: 'ends here',
}

const EFFECTS = {
  enforce: 'must end',
  audit: 'would end, but the policy only reports',
  held: 'would end, but the guard holds the policy',
} as const

const REFUSED_RELOADS = {
  files: {
    found: 'problem(s)',
    advice: 'Fix the problems and save; "curfew validate" lists them if this user runs it',
  },
  secrets: {
    found: 'problem(s) with its secrets',
    advice: 'Correct the secrets and save curfew.yaml; "curfew doctor" lists them',
  },
  fault: { found: 'problem(s)', advice: 'Report it, and save again or start the daemon anew' },
} as const

const REFUSALS = {
  extended: 'its link was used before',
  'too-late': 'the time of its link is over',
  'not-seen': 'the endpoint cannot be judged now',
  'not-watched': 'this process does not watch the endpoint, and another replica may',
  gone: 'the connection is not up',
  'nothing-ends': 'nothing ends the connection at the moment',
  'not-offered': 'the policy allows no such extension',
  'not-ending': 'the policy does not act, or does not end the connection soon',
  'ends-regardless': 'another policy ends the connection no later',
  unrecorded: 'the audit trail could not be written in time',
} as const

const SKIP_REASONS = {
  'still-polling': 'the previous poll still runs',
  'backing-off': 'the previous poll has just failed',
} as const

const WITHDRAWAL_REASONS = {
  'no-record': 'its intent could not be written to the audit trail',
  'not-wanted': 'the policies no longer ask for it',
  'not-held': 'another replica may hold the unit',
  stopping: 'the daemon stops',
} as const

const outcomeText = (violation: Violation, endpoint: Endpoint, outcome: Outcome, attempts: number): string => {
  const subject = subjectOf(violation, endpoint)
  switch (outcome) {
    case 'confirmed':
      return `${subject} was ended, and a later answer of AWS proves it. Policy "${violation.policy}": ${violation.because}`
    case 'already-gone':
      return `${subject} was gone before the call`
    case 'failed':
      return `AWS refused to terminate ${subject}: Curfew tries again`
    case 'gave-up':
      return `${subject} could not be ended in ${attempts} attempt(s): see the event "call-answered" for AWS's answers. Curfew tries again every five minutes while the connection is active and violates policy "${violation.policy}"`
  }
}
