import type { ClientConfig } from 'pg'

/** What makes the certificate of a server one that nobody vouches for. */
const UNTRUSTED: ReadonlySet<string> = new Set([
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
])

/**
 * What codes of the network, of TLS and of PostgreSQL mean for an operator, and what to do. Their own texts name what was
 * found only in part.
 */
const REASONS: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'nothing listens at its address and port: start the server, or correct the port',
  ECONNRESET: 'the connection was broken on the way, or by the server',
  ENOTFOUND: 'the name of its host is not known: correct it in the URL',
  EAI_AGAIN: 'the name of its host could not be looked up: DNS does not answer',
  ETIMEDOUT: 'no answer: let the firewall or the security group allow the connection',
  EHOSTUNREACH: 'its host is not reachable from here',
  // TLS
  ERR_TLS_CERT_ALTNAME_INVALID:
    'the certificate of the server is not for the host in the URL: write the name that is in the certificate',
  CERT_HAS_EXPIRED: 'the certificate of the server has expired: renew it',
  // PostgreSQL
  '28P01': 'the server refuses the password of the user in the URL',
  '3D000': 'the server has no database of the name in the URL: create it',
  '53300': 'the server has no connection left: raise max_connections, or start fewer replicas',
  '57P03': 'the server is starting, stopping or recovering',
}

const SLOW = 'no answer in time: the server is overloaded or paused, or a firewall drops the packets'

const NO_TLS = 'The server does not support SSL connections'

/** What the package `pg` says itself comes without a code. */
const TEXTS: Readonly<Record<string, string>> = {
  'timeout expired': SLOW,
  'timeout exceeded when trying to connect': SLOW,
  'Connection terminated due to connection timeout': SLOW,
  'Query read timeout': 'a statement had no answer in time: the server is overloaded or paused, or the network is cut',
  'Connection terminated unexpectedly': 'the server has closed the connection',
  [NO_TLS]: 'the server offers no TLS: switch "ssl" on there, or write "engine.tls: off" if it is on this machine',
}

/** Whether the server was reached, and TLS with it failed. The reason then says what to do. */
export const isOfTls = (error: unknown): boolean => {
  const { code, message } = (error ?? {}) as { readonly code?: unknown; readonly message?: unknown }
  if (typeof code !== 'string') return message === NO_TLS
  return UNTRUSTED.has(code) || /^(?:ERR_TLS|CERT)_/.test(code)
}

const untrusted = (ssl: ClientConfig['ssl']): string =>
  typeof ssl === 'object' && ssl.ca !== undefined
    ? 'no authority in the file of "engine.tls.caFile" has signed the certificate of the server: name the file with the CA of this server'
    : 'no known authority has signed the certificate of the server: name its CA in "engine.tls.caFile"'

/**
 * Why a connection or a statement failed, in one line. The messages of `pg` and of the system name no password. `ssl`: what
 * the server's certificate was checked with.
 */
export const reasonOf = (error: unknown, ssl?: ClientConfig['ssl']): string => {
  // A host with several addresses fails with one error for each of them, and no text of its own.
  if (error instanceof AggregateError && error.message === '') return reasonOf(error.errors[0], ssl)
  const code = (error as { readonly code?: unknown } | undefined)?.code
  const text = error instanceof Error ? error.message : String(error)
  if (typeof code === 'string' && UNTRUSTED.has(code)) return untrusted(ssl)
  const known = typeof code === 'string' ? REASONS[code] : TEXTS[text]
  return known ?? text.split('\n', 1)[0] ?? ''
}
