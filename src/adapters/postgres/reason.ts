/**
 * What codes of the network, of TLS and of PostgreSQL mean for an operator, and what to do. Their own texts name what was
 * found only in part.
 */
const REASONS: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'nothing listens at its address and port: is the server started, and the port right?',
  ENOTFOUND: 'the name of its host is not known: correct it in the URL',
  ETIMEDOUT: 'no answer: does a firewall or a security group allow the connection?',
  EHOSTUNREACH: 'its host is not reachable from here',
  // TLS
  ERR_TLS_CERT_ALTNAME_INVALID:
    'the certificate of the server is not for the host in the URL: write the name that is in the certificate',
  CERT_HAS_EXPIRED: 'the certificate of the server has expired: renew it',
  DEPTH_ZERO_SELF_SIGNED_CERT:
    'no known authority has signed the certificate of the server: name its CA in "engine.tls.caFile"',
  SELF_SIGNED_CERT_IN_CHAIN:
    'no known authority has signed the certificate of the server: name its CA in "engine.tls.caFile"',
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
    'no known authority has signed the certificate of the server: name its CA in "engine.tls.caFile"',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE:
    'no known authority has signed the certificate of the server: name its CA in "engine.tls.caFile"',
  // PostgreSQL
  '28P01': 'the server refuses the password of the user in the URL',
  '3D000': 'the server has no database of the name in the URL: create it',
  '53300': 'the server has no connection left: raise max_connections, or start fewer replicas',
  '57P03': 'the server is starting, stopping or recovering',
}

/** Why a connection or a statement failed, in one line. The messages of `pg` and of the system name no password. */
export const reasonOf = (error: unknown): string => {
  // A host with several addresses fails with one error for each of them, and no text of its own.
  if (error instanceof AggregateError && error.message === '') return reasonOf(error.errors[0])
  const code = (error as { readonly code?: unknown } | undefined)?.code
  const known = typeof code === 'string' ? REASONS[code] : undefined
  const text = error instanceof Error ? error.message : String(error)
  return known ?? text.split('\n', 1)[0] ?? ''
}
