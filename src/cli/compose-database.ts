import pg from 'pg'
import type { Ask } from '../adapters/postgres/ask.ts'
import type { PostgresSettings } from '../config/configuration.ts'
import { OperatorError } from './command.ts'
import { readSecret } from './compose-secrets.ts'

/** A session for a command that reads. */
export interface Database extends AsyncDisposable {
  readonly ask: Ask
}

export const openDatabase = async (settings: PostgresSettings): Promise<Database> => {
  const secret = readSecret(settings.url, () => undefined)
  if ('problem' in secret) throw new OperatorError(secret.problem)
  const client = new pg.Client({ connectionString: secret.text })
  client.on('error', () => {})
  const ask: Ask = async (text, values = []) => {
    try {
      return await client.query(text, [...values])
    } catch (error) {
      throw new OperatorError(String(error))
    }
  }
  await client.connect()
  return { ask, [Symbol.asyncDispose]: () => client.end() }
}
