import { randomUUID } from 'node:crypto'
import pg, { type ClientConfig, DatabaseError, type QueryResult, type QueryResultRow } from 'pg'
import type { Clock } from '../../app/clock.ts'
import { onAborted } from '../../app/on-aborted.ts'
import { within } from '../../app/within.ts'
import { SECOND } from '../../domain/time/instant.ts'
import { createLease } from './lease.ts'
import { reasonOf } from './reason.ts'

/**
 * The one session of this replica. The locks of its units live and die with it, and the server ends it when it has been
 * silent for the lease. Every answer thus proves that the locks were held when the statement was sent.
 */
export interface Session {
  /** Rejects with a `SessionOver`, or with the server's error while the session lives on. */
  ask<Row extends QueryResultRow>(text: string, values?: readonly unknown[]): Promise<QueryResult<Row>>
  /** A condition in SQL that is true in this session alone: a pooler may give a statement to another one. */
  readonly ours: string
  /** Whether the server cannot have given anything away yet: it waits for the lease after the last answered statement. */
  holds(): boolean
  /** Aborted when the session is over or may be. Its reason is a text that says why. */
  readonly over: AbortSignal
  /** Ends the session, because it can no longer be relied on. */
  lose(because: string): void
}

/** The session is over: nothing that was sent over it is known to be done, and nothing more may be. */
export class SessionOver extends Error {
  override name = 'SessionOver'
}

/** A session that was just opened. */
export interface OpenSession extends Session {
  /** The id of the server's process. */
  readonly pid: number
  /** Whether the server's process is the one that answered the connection. If not, a pooler is in between. */
  readonly isDirect: boolean
  /** Why the session is over. Undefined before. */
  because(): string | undefined
  /** Ends the session in peace. The server frees at once whatever it still holds. */
  close(): Promise<void>
}

/** A machine that takes longer to accept a connection is not reached. */
const CONNECT_WITHIN_MS = 3 * SECOND
/**
 * A lock that is not there after this time is asked for again later: nobody holds a row of Curfew's for long. Records wait
 * meanwhile, and so does the next beat.
 */
const LOCK_WITHIN_MS = 2 * SECOND
const LOCKS_OF_A_LEASE = 6
/** How long an end in peace waits for the server. */
const CLOSE_WITHIN_MS = SECOND
/** The deadline is looked at this often, because a timer stands still while the machine is suspended. */
const WATCH_MS = SECOND

/**
 * Opens the locking session. It rejects with a `SessionOver` that says why it could not, also when `stop` is aborted
 * before. The session is over when its connection ends, when `lose` is called, and when no statement was answered
 * for the lease.
 */
export const openSession = async (
  options: ClientConfig,
  { leaseMs, clock, stop }: { readonly leaseMs: number; readonly clock: Clock; readonly stop: AbortSignal },
): Promise<OpenSession> => {
  const client = new pg.Client({
    ...options,
    keepAlive: true,
    connectionTimeoutMillis: Math.min(CONNECT_WITHIN_MS, leaseMs),
    query_timeout: leaseMs,
  })
  const over = new AbortController()
  let because: string | undefined
  const lose = (why: string) => {
    if (over.signal.aborted) return
    because = why
    over.abort(why)
    // The end of the connection frees the locks, if it reaches the server at all.
    client.connection.stream.destroy()
  }
  const reason = (error: unknown) => reasonOf(error, options.ssl)
  /** The error that the server has sent last, until it is ready again: if it ends the session, this is why. */
  let said: string | undefined
  client.on('error', (error) => lose(said ?? reason(error)))
  client.on('end', () => lose(said ?? 'the server has closed the connection'))
  client.on('notice', ({ routine }) => {
    // The commit is then a success all the same, but only one machine has it. No other field is free of translation.
    if (routine === 'SyncRepWaitForLSN') lose('a commit did not reach the synchronous standby')
  })
  /** How many statements the server has finished. */
  let finished = 0
  const ready = new EventTarget()
  client.connection.on('readyForQuery', () => {
    finished++
    ready.dispatchEvent(new Event('ready'))
  })
  const ended = new Promise<never>((_resolve, reject) => {
    onAborted(over.signal, () => reject(new SessionOver(because)))
  })
  ended.catch(() => {})

  const lease = createLease(clock, leaseMs)
  /** Resolves once the server is ready for the next statement, which it never is after an error that ends the session. */
  const isFinished = async (before: number) => {
    if (finished > before) return
    const next = new Promise<void>((resolve) => {
      ready.addEventListener('ready', () => resolve(), { once: true })
    })
    await Promise.race([next, ended])
  }
  const send = async <Row extends QueryResultRow>(text: string, values: readonly unknown[]) => {
    if (over.signal.aborted) throw new SessionOver(because)
    const sentAt = lease.moment()
    const before = finished
    try {
      const result = await Promise.race([client.query<Row>(text, [...values]), ended])
      if (over.signal.aborted) throw new SessionOver(because)
      lease.answered(sentAt)
      return result
    } catch (error) {
      // The session lives on after an error of a statement, but not after one of the connection, nor without an answer. The
      // severity does not tell them apart: it is in the language of the server.
      if (error instanceof DatabaseError) {
        said = reason(error)
        await isFinished(before)
        said = undefined
        lease.answered(sentAt)
        throw error
      }
      lose(reason(error))
      throw new SessionOver(because, { cause: error })
    }
  }
  /** The statements of a session go one after the other. */
  let last: Promise<unknown> = Promise.resolve()
  const ask = <Row extends QueryResultRow>(text: string, values: readonly unknown[] = []) => {
    const answer = last.then(async () => send<Row>(text, values))
    last = answer.catch(() => {})
    return answer
  }

  const onStop = () => lose('this replica stops')
  onAborted(stop, onStop)
  try {
    await Promise.race([client.connect(), ended])
    const token = randomUUID()
    const { rows } = await ask<{ pid: number }>('select pg_backend_pid() as pid, set_config($1, $2, false)', [
      'curfew.session',
      token,
    ])
    const [{ pid } = { pid: 0 }] = rows
    await ask(settingsOf(leaseMs))
    return {
      ask,
      ours: `pg_backend_pid() = ${pid} and current_setting('curfew.session', true) = '${token}'`,
      holds: () => !over.signal.aborted && lease.holds(),
      over: over.signal,
      lose,
      pid,
      isDirect: 'processID' in client && client.processID === pid,
      because: () => because,
      async close() {
        because ??= 'this replica has left'
        const late = clock.sleep(CLOSE_WITHIN_MS, over.signal)
        await Promise.race([client.end().catch(() => {}), late])
        lose('this replica has left')
      },
    }
  } catch (error) {
    lose(reason(error))
    throw error instanceof SessionOver ? error : new SessionOver(because, { cause: error })
  } finally {
    stop.removeEventListener('abort', onStop)
    if (!over.signal.aborted) void watch({ clock, lease, over: over.signal, lose, ask })
  }
}

/**
 * The server ends a session that is idle for the lease, and a statement or transaction that lasts as long. It gives up on
 * bytes that nobody acknowledges, and on a host that answers no probe. None of them is earlier than the lease. A commit
 * waits for the synchronous standby, if there is one: an intent that only one machine has is lost with it.
 *
 * A server before version 17 waits without a limit for the rest of a statement that it has read in part. If the host still
 * answers probes, other members end such a session.
 */
const settingsOf = (leaseMs: number): string => `
  set tcp_keepalives_idle = ${Math.ceil(leaseMs / 2 / SECOND)};
  set tcp_keepalives_interval = 1;
  set tcp_keepalives_count = ${Math.ceil(leaseMs / 2 / SECOND)};
  set idle_session_timeout = ${leaseMs};
  set idle_in_transaction_session_timeout = ${leaseMs};
  set statement_timeout = ${leaseMs};
  set tcp_user_timeout = ${leaseMs};
  set lock_timeout = ${Math.min(LOCK_WITHIN_MS, Math.floor(leaseMs / LOCKS_OF_A_LEASE))};
  set client_min_messages = warning;
  set default_transaction_isolation = 'read committed';
  select set_config('synchronous_commit', 'on', false)
    where current_setting('synchronous_commit') not in ('on', 'remote_apply');
  select set_config('transaction_timeout', '${leaseMs}', false)
    where current_setting('server_version_num')::integer >= 170000`

/**
 * Ends the session when no statement was answered for the lease: nobody may rely on its locks from then on. Where only the
 * time of day says so, the server is asked first. Until it has answered, the session does not hold.
 */
const watch = async ({
  clock,
  lease,
  over,
  lose,
  ask,
}: {
  readonly clock: Clock
  readonly lease: ReturnType<typeof createLease>
  readonly over: AbortSignal
  readonly lose: (why: string) => void
  readonly ask: Session['ask']
}) => {
  while (!over.aborted) {
    const leftMs = lease.leftMs()
    const leftForAnswerMs = lease.leftForAnswerMs()
    if (leftMs > 0) await clock.sleep(Math.min(leftMs, WATCH_MS), over)
    else if (leftForAnswerMs > 0) {
      const answer = ask('select 1').catch(() => {})
      await within(clock, leftForAnswerMs, answer, over)
    } else lose('the server has not answered for the lease')
  }
}
