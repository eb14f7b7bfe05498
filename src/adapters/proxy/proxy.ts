import { isLoopback } from '../../config/loopback.ts'
import { createNoProxy } from './no-proxy.ts'

export type Environment = Readonly<Record<string, string | undefined>>

/** The proxy through which Curfew's requests leave. */
export interface Proxy {
  /** The environment variable that names it. */
  readonly variable: string
  /** `host:port`. */
  readonly address: string
  readonly host: string
  readonly port: number
  /** Whether the proxy itself expects TLS. */
  readonly secure: boolean
  /** The value of `Proxy-Authorization`. Secret: never log it. */
  readonly authorization: string | undefined
}

/** Returns the proxy for a host, whose name has no brackets; undefined if none is needed. */
export type ProxyFor = (host: string, port: number) => Proxy | undefined

const VARIABLES = ['https_proxy', 'HTTPS_PROXY']
const EXCEPTIONS = ['no_proxy', 'NO_PROXY']

/** The first variable that is set and not empty. */
export const variableOf = (env: Environment, names: readonly string[]) => {
  const name = names.find((one) => (env[one]?.trim() ?? '') !== '')
  return name === undefined ? undefined : { name, text: env[name]?.trim() ?? '' }
}

/** The variable that names a proxy, if one is set. */
export const proxyVariable = (env: Environment) => variableOf(env, VARIABLES)

const EXPECTED = 'expected http://HOST:PORT or http://USER:PASSWORD@HOST:PORT'
const ENCODED = 'special characters of a user name or password are written as in %40 for @'

const decoded = (text: string): string | undefined => {
  try {
    return decodeURIComponent(text)
  } catch {
    return undefined
  }
}

/** The proxy of a variable, or what is wrong with it. The problem does not repeat the text, which may hold a password. */
const proxyOf = (variable: string, text: string): Proxy | { readonly problem: string } => {
  const scheme = /^([a-z][a-z\d+.-]*):\/\//i.exec(text)?.[1]?.toLowerCase() ?? 'http'
  if (scheme !== 'http' && scheme !== 'https') {
    return { problem: `${variable}: Curfew cannot use a proxy of the kind ${scheme}: ${EXPECTED}` }
  }
  const url = text.includes('://') ? text : `http://${text}`
  const { hostname, port, username, password, pathname, search, hash } = URL.canParse(url)
    ? new URL(url)
    : { hostname: '', port: '', username: '', password: '', pathname: '/', search: '', hash: '' }
  const [user, secret] = [decoded(username), decoded(password)]
  const isWhole = hostname !== '' && pathname === '/' && search === '' && hash === ''
  if (!isWhole || user === undefined || secret === undefined) {
    return { problem: `${variable}: this is not the URL of a proxy: ${EXPECTED}; ${ENCODED}` }
  }
  const secure = scheme === 'https'
  const number = port === '' ? (secure ? 443 : 80) : Number(port)
  return {
    variable,
    address: `${hostname}:${number}`,
    host: hostname.replace(/^\[(.*)\]$/, '$1'),
    port: number,
    secure,
    authorization:
      user === '' && secret === '' ? undefined : `Basic ${Buffer.from(`${user}:${secret}`).toString('base64')}`,
  }
}

/** Reads HTTPS_PROXY and NO_PROXY, in capitals or not. This machine itself is never asked for through a proxy. */
export const readProxy = (
  env: Environment,
):
  | { readonly proxyFor: ProxyFor; readonly exemptBy: (host: string, port: number) => string | undefined }
  | { readonly problem: string } => {
  const named = proxyVariable(env)
  if (named === undefined) return { proxyFor: () => undefined, exemptBy: () => undefined }
  const proxy = proxyOf(named.name, named.text)
  if ('problem' in proxy) return proxy
  const exceptions = variableOf(env, EXCEPTIONS)
  const needsNone = createNoProxy(exceptions?.text ?? '')
  return {
    proxyFor: (host, port) => (isLoopback(host) || needsNone(host, port) ? undefined : proxy),
    exemptBy: (host, port) => (!isLoopback(host) && needsNone(host, port) ? exceptions?.name : undefined),
  }
}
