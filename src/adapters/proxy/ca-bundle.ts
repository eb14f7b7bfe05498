import { X509Certificate } from 'node:crypto'
import { readFileSync } from 'node:fs'
import tls, { createSecureContext, type SecureContext } from 'node:tls'
import { type Environment, variableOf } from './proxy.ts'

const CERTIFICATE = /-----BEGIN (?:TRUSTED |X509 )?CERTIFICATE-----[^-]+-----END (?:TRUSTED |X509 )?CERTIFICATE-----/

/** Before the beginning of each certificate. One that was cut off has no end. */
const BEFORE_EACH = /(?=-----BEGIN (?:TRUSTED |X509 )?CERTIFICATE-----)/

const TO_PEM = 'expected certificates in PEM form, as "openssl x509 -in FILE -inform der" prints them'

/** The certificates of a file, or what is wrong with it. */
const certificatesIn = (file: string): readonly string[] | { readonly problem: string } => {
  let text: string
  try {
    text = readFileSync(file, 'latin1')
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    return { problem: `cannot be read (${code}): check the path and its permissions` }
  }
  const parts = text.split(BEFORE_EACH).filter((part) => part.search(BEFORE_EACH) === 0)
  if (parts.length === 0) return { problem: `holds no certificate: ${TO_PEM}` }
  const certificates = parts.map((part) => CERTIFICATE.exec(part)?.[0] ?? '')
  const broken = certificates.findIndex((certificate) => !isCertificate(certificate))
  if (broken !== -1) return { problem: `certificate ${broken + 1} of ${certificates.length} is damaged: ${TO_PEM}` }
  return certificates
}

const isCertificate = (pem: string): boolean => {
  try {
    return new X509Certificate(pem).raw.length > 0
  } catch {
    return false
  }
}

/** The certificates that Node trusts by itself, with those of NODE_EXTRA_CA_CERTS. */
const nodeTrusts = (env: Environment): readonly string[] => {
  // Node 20 lacks this function. It knows the flags and variables that change what Node trusts.
  const { getCACertificates } = tls as { readonly getCACertificates?: () => readonly string[] }
  if (getCACertificates !== undefined) return getCACertificates()
  const extra = variableOf(env, ['NODE_EXTRA_CA_CERTS'])
  const found = extra === undefined ? [] : certificatesIn(extra.text)
  // Node ignores a file that it cannot use, with a warning.
  return 'problem' in found ? tls.rootCertificates : [...tls.rootCertificates, ...found]
}

/**
 * Reads AWS_CA_BUNDLE. Its certificates are trusted in addition to those that Node trusts, for AWS and other receivers
 * alike; undefined without the variable.
 */
export const readCaBundle = (
  env: Environment,
): { readonly secureContext: SecureContext | undefined } | { readonly problem: string } => {
  const bundle = variableOf(env, ['AWS_CA_BUNDLE'])
  if (bundle === undefined) return { secureContext: undefined }
  const found = certificatesIn(bundle.text)
  if ('problem' in found) return { problem: `${bundle.name}: ${bundle.text}: ${found.problem}` }
  return { secureContext: createSecureContext({ ca: [...nodeTrusts(env), ...found] }) }
}
