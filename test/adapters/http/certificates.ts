import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'

const OPENSSL = '/usr/bin/openssl'

export interface Certificate {
  readonly certFile: string
  readonly keyFile: string
  readonly cert: Buffer
  readonly key: Buffer
}

/** Makes a certificate of 127.0.0.1 or `names` in a folder; without an issuer it is self-signed. */
export const certificate = (
  folder: string,
  name: string,
  issuer?: Certificate,
  names = 'IP:127.0.0.1',
  days = 90,
): Certificate => {
  const [certFile, keyFile] = [join(folder, `${name}.crt`), join(folder, `${name}.key`)]
  const args = ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', String(days)]
  const signed = issuer ? ['-CA', issuer.certFile, '-CAkey', issuer.keyFile] : []
  // An issuer must be marked as a CA, and an issued certificate must not be.
  const use = issuer ? 'basicConstraints=critical,CA:FALSE' : 'basicConstraints=critical,CA:TRUE'
  const subject = ['-subj', `/CN=${name}`, '-addext', `subjectAltName=${names}`, '-addext', use]
  execFileSync(OPENSSL, [...args, ...signed, ...subject, '-keyout', keyFile, '-out', certFile], { stdio: 'pipe' })
  return { certFile, keyFile, cert: readFileSync(certFile), key: readFileSync(keyFile) }
}
