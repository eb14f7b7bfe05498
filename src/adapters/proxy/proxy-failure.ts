import type { Proxy } from './proxy.ts'

/** What a proxy did instead of opening a tunnel. */
export type Refusal =
  /** It could not be reached or understood; `code` is Node's. */
  | { readonly kind: 'unreached'; readonly code: string }
  /** It answered, but not with 200. */
  | { readonly kind: 'answered'; readonly status: number }
  /** It sent data of its own through the tunnel, such as a login page. */
  | { readonly kind: 'own-data' }
  | { readonly kind: 'silent'; readonly ms: number }

interface Text {
  readonly what: string
  readonly advice: string
}

/** The proxy opened no tunnel to `target`, which is `host:port`. Nothing was sent there. */
export class ProxyFailure extends Error {
  override name = 'ProxyFailure'
  /** A code of Node, `HTTP 407`, or `no-tunnel`. */
  readonly code: string
  readonly advice: string
  /** Tells the SDK whether to try again. */
  readonly $retryable: object | undefined

  constructor(proxy: Proxy, target: string, refusal: Refusal) {
    const { what, advice } = textOf(proxy, target, refusal)
    super(what)
    this.code = codeOf(refusal)
    this.advice = advice
    this.$retryable = isTransient(refusal) ? {} : undefined
  }
}

export const named = ({ address, variable }: Proxy): string => `the proxy ${address} of ${variable}`

/** Codes of OpenSSL and of Node's check of certificates. */
export const isOfTls = (code: string): boolean => /^ERR_SSL|^ERR_TLS|^EPROTO$|CERT|SIGNATURE|^UNABLE_TO_/.test(code)

const isOfHttp = (code: string): boolean => code.startsWith('HPE_')

const codeOf = (refusal: Refusal): string => {
  switch (refusal.kind) {
    case 'unreached':
      return refusal.code
    case 'answered':
      return `HTTP ${refusal.status}`
    case 'own-data':
      return 'no-tunnel'
    case 'silent':
      return 'ETIMEDOUT'
  }
}

const isTransient = (refusal: Refusal): boolean => {
  switch (refusal.kind) {
    case 'unreached':
      return !isOfTls(refusal.code) && !isOfHttp(refusal.code)
    case 'answered':
      return refusal.status >= 500
    case 'own-data':
      return false
    case 'silent':
      return true
  }
}

const textOf = (proxy: Proxy, target: string, refusal: Refusal): Text => {
  const { variable } = proxy
  switch (refusal.kind) {
    case 'unreached':
      return unreached(proxy, target, refusal.code)
    case 'answered':
      return answered(proxy, target, refusal.status)
    case 'own-data':
      return {
        what: `${named(proxy)} sent a page of its own instead of a connection to ${target}`,
        advice: `check that ${variable} names a proxy for HTTPS, and whether it asks people to log in`,
      }
    case 'silent':
      return {
        what: `${named(proxy)} has given no connection to ${target} for ${refusal.ms / 1000} s`,
        advice: `check that ${variable} names a proxy for HTTPS, and that it reaches ${target}`,
      }
  }
}

const orDirectly = (target: string) =>
  `or add ${target.replace(/:\d+$/, '')} to NO_PROXY if it can be reached without a proxy`

const unreached = (proxy: Proxy, target: string, code: string): Text => {
  const { variable, address } = proxy
  if (isOfHttp(code)) {
    return {
      what: `${named(proxy)} does not answer in HTTP (${code})`,
      advice: `correct the port in ${variable}, or write https://${address} if the proxy expects TLS`,
    }
  }
  if (isOfTls(code)) {
    return {
      what: `no TLS connection to ${named(proxy)} (${code})`,
      advice: `write http:// in ${variable} if the proxy expects no TLS; for a refused certificate, name its CA in AWS_CA_BUNDLE`,
    }
  }
  return {
    what: `no connection to ${named(proxy)} (${code})`,
    advice:
      code === 'ECONNRESET'
        ? `the proxy closes the connection at once: check its log, and whether it admits this machine; or correct ${variable}, ${orDirectly(target)}`
        : `start the proxy or correct ${variable}, ${orDirectly(target)}`,
  }
}

const answered = (proxy: Proxy, target: string, status: number): Text => {
  const { variable, address, authorization } = proxy
  // tinyproxy answers 401 to a wrong password.
  const isLogin = status === 407 || status === 401
  if (isLogin && authorization === undefined) {
    return {
      what: `${named(proxy)} asks for a user name and a password (HTTP ${status})`,
      advice: `write a user name and a password into ${variable}: http://USER:PASSWORD@${address}`,
    }
  }
  if (isLogin) {
    return {
      what: `${named(proxy)} refuses the user name or the password (HTTP ${status})`,
      advice: `correct the user name or the password in ${variable}`,
    }
  }
  if (status === 403) {
    return {
      what: `${named(proxy)} refuses a connection to ${target} (HTTP 403)`,
      advice: `allow ${target} on the proxy, ${orDirectly(target)}`,
    }
  }
  if (status >= 500) {
    return {
      what: `${named(proxy)} gives no connection to ${target} (HTTP ${status})`,
      advice: `check that the proxy resolves and reaches ${target}, ${orDirectly(target)}`,
    }
  }
  return {
    what: `${named(proxy)} answers CONNECT with HTTP ${status}`,
    advice: `check that ${variable} names a proxy for HTTPS`,
  }
}
