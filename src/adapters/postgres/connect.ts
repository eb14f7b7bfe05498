import { X509Certificate } from 'node:crypto'
import { readFileSync } from 'node:fs'
import pg, { type ClientConfig, type Pool } from 'pg'
import type { PostgresSettings } from '../../config/configuration.ts'
import { isLoopback } from '../../config/loopback.ts'
import { SECOND } from '../../domain/time/instant.ts'
import { diskReasonOf } from '../files/disk-fault.ts'
import { type DatabaseUrl, parseDatabaseUrl } from './database-url.ts'

/** What a connection to the database needs. */
export interface DatabaseAccess {
  /** Each new connection signs in with them: a token of IAM is signed each time. */
  readonly options: ClientConfig
  /** HOST:PORT/DATABASE, for messages. */
  readonly place: string
  /** The user that signs in. */
  readonly user: string
  /** What others can read on the way, and what to do. Undefined for a connection that they cannot. */
  readonly exposure: string | undefined
}

/** Signs a token with which a user signs in at RDS in place of a password. */
type SignToken = (target: DatabaseUrl, region: string) => Promise<string>

/** The signer of the SDK is loaded where IAM signs in. */
const signWithIam: SignToken = async (target, region) => (await import('./iam-token.ts')).signIamToken(target, region)

/** A mistake in the settings, in one line without any part of the secret. `key`: its place, if not in the URL. */
interface AccessProblem {
  readonly problem: string
  readonly key?: 'engine.tls.caFile'
}

/** The server asks for a password, and there is none. A server that trusts the user asks for none. */
const noPassword = (): never => {
  throw new Error(
    'the server asks for a password, and the URL has none: write postgres://USER:PASSWORD@HOST:PORT/DATABASE, or sign in with "engine.iam"',
  )
}

/** The options of connections to the database, from the settings and the text of the secret `url`. Nothing is connected yet. */
export const accessDatabase = (
  { tls, iam }: PostgresSettings,
  url: string,
  applicationName: string,
  signToken: SignToken = signWithIam,
): DatabaseAccess | AccessProblem => {
  const target = parseDatabaseUrl(url)
  if ('problem' in target) return target
  const { host, port, database, user, password } = target
  if (iam !== undefined && password !== undefined) {
    return { problem: 'the URL has a password, and "engine.iam" signs in without one: remove one of the two' }
  }
  const ssl = tls.mode === 'off' ? { ssl: false } : verified(tls.caFile)
  if ('problem' in ssl) return ssl
  const secret = iam === undefined ? () => password ?? noPassword() : () => signToken(target, iam.region)
  return {
    options: {
      host,
      port,
      database,
      user,
      // Without a value pg would look for one in PGPASSWORD and PGSSLMODE, or in a file of its own.
      password: secret,
      ...ssl,
      application_name: applicationName,
      keepAlive: true,
    },
    user,
    place: `${host.includes(':') ? `[${host}]` : host}:${port}/${database}`,
    exposure:
      tls.mode === 'off' && !isLoopback(host)
        ? 'the connection to the database is not encrypted ("engine.tls: off"), and the server is another machine: anybody on the way can read the audit trail, and change it. Remove "tls: off"'
        : undefined,
  }
}

/** The certificate must be valid for the name of the host: pg asks for it by default where `ssl` is an object. */
const verified = (caFile: string | undefined): Pick<ClientConfig, 'ssl'> | AccessProblem => {
  if (caFile === undefined) return { ssl: { rejectUnauthorized: true } }
  const wrong = (problem: string) => ({ problem: `${caFile} ${problem}`, key: 'engine.tls.caFile' as const })
  let ca: string
  try {
    ca = readFileSync(caFile, 'utf8')
  } catch (error) {
    return wrong(`cannot be read: ${diskReasonOf(error)}`)
  }
  // Node.js passes over a file without a certificate, and then trusts nobody.
  if (!ca.includes('-----BEGIN CERTIFICATE-----')) {
    return wrong('has no certificate: expected a file in PEM format, with lines "-----BEGIN CERTIFICATE-----"')
  }
  try {
    new X509Certificate(ca)
  } catch {
    return wrong('has a certificate that cannot be read: get the file again')
  }
  return { ssl: { rejectUnauthorized: true, ca } }
}

/** Units are opened two at a time: one is read while the other one's answer is under way. */
export const READ_CONNECTIONS = 2
export const SAVE_CONNECTIONS = 2
/** For a new generation, and for what tends the database. */
const OTHER_CONNECTIONS = 1

const CONNECTED_WITHIN_MS = 5 * SECOND
/** The server gives up first. A save of which nobody waits for the answer must not be carried out after the next one. */
const CARRIED_OUT_WITHIN_MS = 25 * SECOND
const ANSWERED_WITHIN_MS = 30 * SECOND

/** Connections beside the locking session, for states and for reading. */
export const openPool = ({ options }: DatabaseAccess): Pool => {
  const pool = new pg.Pool({
    ...options,
    max: READ_CONNECTIONS + SAVE_CONNECTIONS + OTHER_CONNECTIONS,
    connectionTimeoutMillis: CONNECTED_WITHIN_MS,
    statement_timeout: CARRIED_OUT_WITHIN_MS,
    query_timeout: ANSWERED_WITHIN_MS,
    // Idle connections keep no process from its end.
    allowExitOnIdle: true,
  })
  // An idle connection that ends is replaced by the next statement.
  pool.on('error', () => {})
  return pool
}
