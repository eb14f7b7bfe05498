import type { DatabaseFacts } from '../../adapters/postgres/database-facts.ts'
import type { Configuration, PostgresSettings } from '../../config/configuration.ts'
import { plural } from '../number-text.ts'
import type { Check } from './examination.ts'
import { type Finding, failed, ok, warning } from './finding.ts'

/** What a session tells of the database that replicas are to share. */
export type EngineExamination =
  /** The URL is missing or wrong, or the server cannot be reached. With `advice` it answers, but lets nobody in. */
  | { readonly state: 'unreachable'; readonly why: string; readonly advice: string | undefined }
  /** A replica would not join. `why` says what to do behind its last colon. */
  | { readonly state: 'refused'; readonly why: string }
  | {
      readonly state: 'sound'
      /** HOST:PORT/DATABASE. */
      readonly place: string
      readonly facts: DatabaseFacts
      /** What the role may do to the trail beyond adding lines. */
      readonly excess: readonly string[]
      /** What others can read on the way. */
      readonly exposure: string | undefined
    }

/** Signs in as a replica does, without joining. Nothing is changed. */
export type ExamineEngine = (settings: PostgresSettings, signal: AbortSignal) => Promise<EngineExamination>

/** Whether replicas could share the database. It is made where the daemon's file names one. */
export const engineCheck = (examine: ExamineEngine): Check<Configuration, true> => ({
  name: 'engine',
  async ask({ engine }, signal) {
    if (engine.kind === 'files') return { finding: ok('one process, with files'), value: true }
    const found = await examine(engine, signal)
    const finding = findingOf(found)
    return finding.state === 'failed' ? { finding } : { finding, value: true }
  },
})

const findingOf = (found: EngineExamination): Finding => {
  if (found.state === 'unreachable') {
    const { why, advice } = found
    return failed({
      found: why,
      expected: `a PostgreSQL server that ${advice === undefined ? 'this machine reaches' : 'lets Curfew sign in'}`,
      advice: advice ?? 'correct "engine" or what its "url" names, or start the server',
    })
  }
  if (found.state === 'refused') {
    const at = found.why.lastIndexOf(': ')
    return failed({
      found: at === -1 ? found.why : found.why.slice(0, at),
      expected: 'a database that a replica may join',
      advice: at === -1 ? 'see docs/runbook.md' : found.why.slice(at + 2),
    })
  }
  const { facts, excess, exposure, place } = found
  const { version, tls, role, units, overridden, isDurable, isAsynchronous } = facts
  if (overridden.length > 0) {
    return failed({
      found: `the server or a proxy does not keep the time limits of a session (${overridden.join(', ')}), so that it would not end a replica that is dead`,
      expected: 'the limits that a session sets',
      advice: 'connect to PostgreSQL itself, and remove limits that the role or the database enforces',
    })
  }
  if (!isDurable) {
    return warning({
      found: 'the server has fsync = off: intents that it has confirmed are lost in a crash of its machine',
      expected: 'fsync = on',
      advice: 'set it in postgresql.conf',
    })
  }
  if (exposure !== undefined) {
    const advice = 'remove "tls: off", and name the CA of the server in "engine.tls.caFile"'
    return warning({ found: exposure.replace(/\. Remove "tls: off"$/, ''), expected: 'TLS', advice })
  }
  if (excess.length > 0) {
    return warning({
      found: `the role ${JSON.stringify(role)} may change the trail (${excess.join(', ')})`,
      expected: 'a role that may only add lines, so that nobody with its password can change what is there',
      advice: 'sign in with a login that has the role curfew_daemon alone: "curfew engine migrate" makes that role',
    })
  }
  if (isAsynchronous) {
    return warning({
      found: 'the server has standbys, and a commit waits for none: a failover may lose intents',
      expected: 'a synchronous standby, or storage that outlives the server, as RDS Multi-AZ and Aurora have it',
      advice: 'set synchronous_standby_names on the server; read replicas that are never promoted need nothing',
    })
  }
  const way = tls === undefined ? 'without TLS' : tls
  return ok(
    `PostgreSQL ${version} at ${place} (${way}): a replica may join as ${JSON.stringify(role)}, which may add to the trail and not change it; ${plural(units, 'unit')} so far`,
  )
}
