import { createPrivateKey, X509Certificate } from 'node:crypto'
import { createSecureContext } from 'node:tls'
import type { ServerSettings } from '../../config/configuration.ts'
import { permissionDenied } from '../files/permission-denied.ts'
import { readRegularFile } from '../files/regular-file.ts'
import { type CertificateLife, lifeOf } from './certificate-life.ts'

/** The server's certificate and key, the CA that clients must have, and the bearer token. Secret: never log it. */
export interface Credentials {
  readonly tls: { readonly cert: Buffer; readonly key: Buffer; readonly ca: Buffer | undefined } | undefined
  readonly token: string | undefined
  readonly lives: readonly CertificateLife[]
}

/** A file of `server` cannot be read or used. The message is for an operator and never quotes the file's content. */
export class CredentialsError extends Error {
  override name = 'CredentialsError'
  readonly code: 'unreadable' | 'invalid'

  constructor(code: CredentialsError['code'], message: string) {
    super(message)
    this.code = code
  }
}

/** In characters. A shorter token can be guessed: only the network limits how often a client tries. */
const SHORTEST_TOKEN = 16

/** Reads the files that `server` names and checks that the server can use them. Rejects with `CredentialsError`. */
export const readCredentials = async ({ tls, bearerTokenFile }: ServerSettings): Promise<Credentials> => ({
  ...(tls === undefined ? { tls, lives: [] } : await readTls(tls)),
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
      `server.tls: the key ${keyFile} does not belong to the certificate ${certFile}: name a certificate and its own key`,
    )
  }
  const lives = [lifeOf('tls.certFile', certFile, own)]
  if (ca !== undefined && clientCaFile !== undefined) {
    const issuer = parse('tls.clientCaFile', clientCaFile, 'a CA certificate in PEM', () => new X509Certificate(ca))
    lives.push(lifeOf('tls.clientCaFile', clientCaFile, issuer))
  }
  // TLS refuses more than the checks above, such as a key that is too short or a broken issuer certificate in the file.
  parse('tls.certFile', certFile, 'a certificate that TLS can use', () => createSecureContext({ cert, key, ca }))
  return { tls: { cert, key, ca }, lives }
}

const readToken = async (file: string) => {
  const token = (await read('bearerTokenFile', file)).toString().trim()
  if (token.length >= SHORTEST_TOKEN && /^[!-~]+$/.test(token)) return token
  throw new CredentialsError(
    'invalid',
    `server.bearerTokenFile: ${file} does not hold a valid token, expected one line of at least ${SHORTEST_TOKEN} printable ASCII characters without spaces: make one with "openssl rand -hex 32"`,
  )
}

/** Five times the size of a bundle with all CAs that browsers trust. */
const LARGEST_BYTES = 1_000_000

const REASONS: Readonly<Record<string, string>> = {
  get EACCES() {
    return permissionDenied()
  },
  EFBIG: `it is larger than ${LARGEST_BYTES / 1e6} MB`,
  EISDIR: 'it is a folder, not a file',
  ENOENT: 'it does not exist',
  ENOTFILE: 'it is not a regular file',
  EPERM: 'the operation is not permitted',
}

const read = async (key: string, file: string): Promise<Buffer> => {
  try {
    return await readRegularFile(file, LARGEST_BYTES)
  } catch (error) {
    const { code = 'unknown' } = error as NodeJS.ErrnoException
    throw new CredentialsError(
      'unreadable',
      `server.${key}: cannot read ${file}: ${REASONS[code] ?? code}. Correct the path, or let Curfew's user read the file`,
    )
  }
}

const parse = <Value>(key: string, file: string, expected: string, attempt: () => Value): Value => {
  try {
    return attempt()
  } catch (error) {
    const { code = 'unknown' } = error as NodeJS.ErrnoException
    throw new CredentialsError(
      'invalid',
      `server.${key}: ${file} is not ${expected} (${code}): replace the file, or name another one`,
    )
  }
}
