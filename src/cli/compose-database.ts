import pg from 'pg'
import type { Ask } from '../adapters/postgres/ask.ts'
import { accessDatabase, type DatabaseAccess } from '../adapters/postgres/connect.ts'
import { examineSchema } from '../adapters/postgres/examine-schema.ts'
import { isOfTls, reasonOf } from '../adapters/postgres/reason.ts'
import type { PostgresSettings } from '../config/configuration.ts'
import { SECOND } from '../domain/time/instant.ts'
import { OperatorError } from './command.ts'
import { readSecret } from './compose-secrets.ts'

/** A session for a command. */
export interface Database extends AsyncDisposable {
  /** Rejects with a `DatabaseProblem`. */
  readonly ask: Ask
  readonly client: pg.Client
  /** HOST:PORT/DATABASE. */
  readonly place: string
}

const CONNECT_WITHIN_MS = 10 * SECOND

/** The settings with which a command signs in. */
export interface DatabaseSettings extends PostgresSettings {
  /** What names the URL, for messages. Default: the key in the daemon's file. */
  readonly urlName?: string
}

/** What connections to the database need. The secret is read now. */
export const accessOf = (settings: DatabaseSettings, applicationName: string): DatabaseAccess => {
  const { urlName = 'engine.url' } = settings
  const secret = readSecret(settings.url, () => undefined)
  if ('problem' in secret) throw new OperatorError(`${urlName}: ${secret.problem}`)
  const access = accessDatabase(settings, secret.text, applicationName)
  if ('problem' in access) throw new OperatorError(`${access.key ?? urlName}: ${access.problem}`)
  return access
}

/** The database has not done what it was asked. `code`: that of the server, or of the system. */
class DatabaseProblem extends OperatorError {
  override name = 'DatabaseProblem'
  readonly code: string | undefined

  constructor(message: string, error: unknown) {
    super(message)
    this.code = codeOf(error)
  }
}

const codeOf = (error: unknown): string | undefined => {
  const { code } = (error ?? {}) as { readonly code?: unknown }
  return typeof code === 'string' ? code : undefined
}

/** What an operator can do about an answer of the server. */
const ADVICE: Readonly<Record<string, string>> = {
  // undefined_table, invalid_schema_name
  '42P01': 'run "curfew engine migrate" as the owner of the database',
  '3F000': 'run "curfew engine migrate" as the owner of the database',
  // What the migration refuses says itself what to do.
  ...Object.fromEntries(['CF010', 'CF011', 'CF012', 'CF013'].map((code) => [code, 'nothing was changed'])),
  // insufficient_privilege
  '42501':
    'to read, sign in with the role of the daemon; to change tables, as their owner: --owner-url names the environment variable with that URL',
  // read_only_sql_transaction
  '25006': 'the server is a standby, or read-only: give the address of the primary',
  // query_canceled
  '57014': 'the answer took too long: try again when the database has less to do',
}

/** The same for classes of answers, in which the server lets nobody in. */
const CLASS_ADVICE: Readonly<Record<string, string>> = {
  // invalid_authorization_specification
  '28': 'create the role as docs/replicas.md says, or correct the user or the password in the URL',
  // invalid_catalog_name
  '3D': 'correct the name in the URL, or create the database',
}

/** What to do where the server answers, but lets nobody in. Undefined for any other failure. */
export const signInAdvice = (error: unknown): string | undefined =>
  isOfTls(error) ? 'correct the TLS of the server, or "engine.tls"' : CLASS_ADVICE[codeOf(error)?.slice(0, 2) ?? '']

/** A failure of the database as one line for an operator. */
export const databaseProblem = (
  place: string,
  error: unknown,
  ssl?: DatabaseAccess['options']['ssl'],
): DatabaseProblem => {
  const code = codeOf(error)
  const advice =
    (code === undefined ? undefined : ADVICE[code]) ??
    signInAdvice(error) ??
    'nothing was changed: try again when it answers'
  return new DatabaseProblem(`the database ${place}: ${reasonOf(error, ssl) || code || 'no answer'}; ${advice}`, error)
}

/** Opens a session of its own. The caller closes it. */
export const openDatabase = async (settings: DatabaseSettings): Promise<Database> => {
  const { options, place } = accessOf(settings, 'curfew command')
  const inWords = async <Value>(work: () => Promise<Value>): Promise<Value> => {
    try {
      return await work()
    } catch (error) {
      throw databaseProblem(place, error, options.ssl)
    }
  }
  const client = await inWords(async () => {
    const opened = new pg.Client({ ...options, connectionTimeoutMillis: CONNECT_WITHIN_MS })
    // A session that ends between two statements fails the next one.
    opened.on('error', () => {})
    await opened.connect()
    return opened
  })
  return {
    ask: (text, values = []) => inWords(() => client.query(text, [...values])),
    client,
    place,
    [Symbol.asyncDispose]: async () => {
      await client.end().catch(() => {})
    },
  }
}

/** Opens a session that reads tables of this program's version. Another version may have the rows elsewhere. */
export const openTables = async (settings: DatabaseSettings): Promise<Database> => {
  const database = await openDatabase(settings)
  try {
    const { refusal } = await examineSchema(database.ask)
    // A reader needs fewer rights than a daemon.
    if (refusal !== undefined && refusal.why !== 'permissions') {
      throw new OperatorError(`the database ${database.place}: ${refusal.message}`)
    }
    return database
  } catch (error) {
    await database[Symbol.asyncDispose]()
    throw error
  }
}
