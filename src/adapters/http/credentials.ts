import { createPrivateKey, X509Certificate } from 'node:crypto'
import { createSecureContext } from 'node:tls'
import type { ServerSettings } from '../../config/configuration.ts'
import { readRegularFile } from '../files/regular-file.ts'

/** What the server proves itself with, and what is asked of others. Keys and tokens: never log it. */
export interface Credentials {
  readonly tls: { readonly cert: Buffer; readonly key: Buffer; readonly ca: Buffer | undefined } | undefined
  readonly token: string | undefined
}

/** A file that the server cannot do without. The message is for an operator and holds nothing of what is in the file. */
export class CredentialsError extends Error {
  override name = 'CredentialsError'
  readonly code: 'unreadable' | 'invalid'

  constructor(code: CredentialsError['code'], message: string) {
    super(message)
    this.code = code
  }
}

/** Guessing anything shorter is a matter of patience: nothing slows a client down but the network. */
const SHORTEST_TOKEN = 16

/** Reads what `server` names and checks that it can serve. Rejects with `CredentialsError`. */
export const readCredentials = async ({ tls, bearerTokenFile }: ServerSettings): Promise<Credentials> => ({
  tls: tls && (await readTls(tls)),
  token: bearerTokenFile === undefined ? undefined : await readToken(bearerTokenFile),
})

const readTls = async ({ certFile, keyFile, clientCaFile }: NonNullable<ServerSettings['tls']>) => {
  const cert = await read('tls.certFile', certFile)
  const key = await read('tls.keyFile', keyFile)
  const ca = clientCaFile === undefined ? undefined : await read('tls.clientCaFile', clientCaFile)
  const own = parse('tls.certFile', certFile, 'a certificate in PEM', () => new X509Certificate(cert))
  const ownKey = parse('tls.keyFile', keyFile, 'a private key in PEM without a passphrase', () => createPrivateKey(key))
  if (!own.checkPrivateKey(ownKey)) {
    throw new CredentialsError(
      'invalid',
      `server.tls: the key ${keyFile} does not belong to the certificate ${certFile}: name the two that go together`,
    )
  }
  if (ca !== undefined && clientCaFile !== undefined) {
    parse('tls.clientCaFile', clientCaFile, 'a CA certificate in PEM', () => new X509Certificate(ca))
  }
  // What else TLS may refuse, such as a key that is too short or a broken certificate further down.
  parse('tls.certFile', certFile, 'a certificate that TLS can use', () => createSecureContext({ cert, key, ca }))
  return { cert, key, ca }
}

const readToken = async (file: string) => {
  const token = (await read('bearerTokenFile', file)).toString().trim()
  if (token.length >= SHORTEST_TOKEN && /^[!-~]+$/.test(token)) return token
  throw new CredentialsError(
    'invalid',
    `server.bearerTokenFile: ${file} does not hold a token, expected at least ${SHORTEST_TOKEN} letters, digits or signs on one line: make one with "openssl rand -hex 32"`,
  )
}

/** A bundle of all CAs that browsers trust has a fifth of this. */
const LARGEST_BYTES = 1_000_000

const REASONS: Readonly<Record<string, string>> = {
  EACCES: 'permission denied',
  EFBIG: `it is longer than ${LARGEST_BYTES / 1e6} MB`,
  EISDIR: 'it is a folder',
  ENOENT: 'it does not exist',
  ENOTFILE: 'it is not a file',
  EPERM: 'permission denied',
}

const read = async (key: string, file: string): Promise<Buffer> => {
  try {
    return await readRegularFile(file, LARGEST_BYTES)
  } catch (error) {
    const { code = 'unknown' } = error as NodeJS.ErrnoException
    throw new CredentialsError('unreadable', `server.${key}: cannot read ${file}: ${REASONS[code] ?? code}`)
  }
}

const parse = <Value>(key: string, file: string, expected: string, attempt: () => Value): Value => {
  try {
    return attempt()
  } catch (error) {
    const { code = 'unknown' } = error as NodeJS.ErrnoException
    throw new CredentialsError('invalid', `server.${key}: ${file} is not ${expected} (${code})`)
  }
}
