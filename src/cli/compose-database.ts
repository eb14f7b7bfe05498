import pg from 'pg'
import type { Ask } from '../adapters/postgres/ask.ts'
import type { PostgresSettings } from '../config/configuration.ts'
import { OperatorError } from './command.ts'
import { readSecret } from './compose-secrets.ts'

/** A session for a command. */
export interface Database extends AsyncDisposable {
  /** Rejects with a `DatabaseProblem`. */
  readonly ask: Ask
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
  const { code } = error as { readonly code?: unknown }
  return typeof code === 'string' ? code : undefined
}

/** What an operator can do about an answer of the server. */
const ADVICE: Readonly<Record<string, string>> = {
  // undefined_table, invalid_schema_name
  '42P01': 'run "curfew engine migrate" as the owner of the database',
  '3F000': 'run "curfew engine migrate" as the owner of the database',
  // insufficient_privilege
  '42501': 'sign in with a role that may do so: "curfew engine migrate" says which rights a daemon needs',
  // query_canceled
  '57014': 'the answer took too long: try again when the database has less to do',
}

const problemOf = (error: unknown): DatabaseProblem => {
  const code = codeOf(error)
  const advice = (code === undefined ? undefined : ADVICE[code]) ?? 'nothing was changed: try again when it answers'
  // Messages of the server and of the system name no password. They may be of several lines.
  const [text = ''] = error instanceof Error ? error.message.split('\n', 1) : ['']
  return new DatabaseProblem(`the database: ${text || code || 'no answer'}; ${advice}`, error)
}

/** Opens a session of its own. The caller closes it. */
export const openDatabase = async (settings: PostgresSettings): Promise<Database> => {
  const secret = readSecret(settings.url, () => undefined)
  if ('problem' in secret) throw new OperatorError(`engine.url: ${secret.problem}`)
  const client = new pg.Client({ connectionString: secret.text, connectionTimeoutMillis: 10_000 })
  // A session that ends between two statements fails the next one.
  client.on('error', () => {})
  const inWords = async <Value>(work: Promise<Value>): Promise<Value> => {
    try {
      return await work
    } catch (error) {
      throw problemOf(error)
    }
  }
  await inWords(client.connect())
  return {
    ask: (text, values = []) => inWords(client.query(text, [...values])),
    [Symbol.asyncDispose]: async () => {
      await client.end().catch(() => {})
    },
  }
}
