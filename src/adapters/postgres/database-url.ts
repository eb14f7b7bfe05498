/** Where a database is, and who signs in. */
export interface DatabaseUrl {
  readonly host: string
  readonly port: number
  readonly database: string
  readonly user: string
  readonly password: string | undefined
}

const EXPECTED = 'expected postgres://USER:PASSWORD@HOST:PORT/DATABASE'

/** Reads the URL of a database. A problem never repeats a part of it: each may be a secret. */
export const parseDatabaseUrl = (text: string): DatabaseUrl | { readonly problem: string } => {
  if (!/^postgres(?:ql)?:\/\//i.test(text)) return { problem: `this is not the URL of a database: ${EXPECTED}` }
  let url: URL
  try {
    url = new URL(text)
  } catch {
    return {
      problem: `this URL cannot be read; characters such as @ and / in a password are written as %40 and %2F: ${EXPECTED}`,
    }
  }
  if (url.search !== '') return { problem: parameterProblem([...url.searchParams.keys()]) }
  if (url.hash !== '') return { problem: 'the URL has a fragment: write # in a password as %23' }
  const [user, password, database] = [url.username, url.password, url.pathname.slice(1)].map(decoded)
  if (user === undefined || password === undefined || database === undefined) {
    return { problem: 'the URL has a % that begins no escape: write % in a password as %25' }
  }
  const host = url.hostname.replace(/^\[(.*)\]$/, '$1')
  if (host === '') return { problem: `the URL names no host: ${EXPECTED}` }
  if (user === '') return { problem: `the URL names no user: ${EXPECTED}` }
  if (database === '' || database.includes('/')) return { problem: `the URL names no database: ${EXPECTED}` }
  return {
    host,
    port: url.port === '' ? 5432 : Number(url.port),
    database,
    user,
    password: password === '' ? undefined : password,
  }
}

/** Parameters such as these change how safe a connection is. They are written where everybody reads them. */
const OF_TLS = /^ssl/

const parameterProblem = (names: readonly string[]): string => {
  const ofTls = names.find((name) => OF_TLS.test(name) && /^[a-z_]{1,30}$/.test(name))
  return ofTls === undefined
    ? 'the URL has parameters after "?", which Curfew does not read: remove them'
    : `the URL has the parameter ${ofTls}: remove it, and write "engine.tls" in curfew.yaml instead. TLS is on by default`
}

const decoded = (text: string): string | undefined => {
  try {
    return decodeURIComponent(text)
  } catch {
    return undefined
  }
}
