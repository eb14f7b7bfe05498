import type { X509Certificate } from 'node:crypto'
import { DAY, type Instant, toText } from '../../domain/time/instant.ts'

/** When a certificate of `server` can be used. */
export interface CertificateLife {
  readonly key: 'tls.certFile' | 'tls.clientCaFile'
  readonly file: string
  readonly from: Instant
  readonly until: Instant
}

/** A certificate that clients refuse now, or soon. */
export interface AgingCertificate {
  readonly state: 'expired' | 'not-yet-valid' | 'ends-soon'
  readonly found: string
}

/** Whoever renews a certificate needs some days. */
const SOON_MS = 14 * DAY

export const lifeOf = (
  key: CertificateLife['key'],
  file: string,
  { validFrom, validTo }: Pick<X509Certificate, 'validFrom' | 'validTo'>,
): CertificateLife => ({ key, file, from: Date.parse(validFrom), until: Date.parse(validTo) })

/** The certificate with the worst life at `now`; undefined if all are valid for a while. */
export const agingCertificate = (lives: readonly CertificateLife[], now: Instant): AgingCertificate | undefined => {
  const aging = lives.flatMap(({ key, file, from, until }): readonly AgingCertificate[] => {
    const name = `server.${key}: the certificate ${file}`
    if (until < now) return [{ state: 'expired', found: `${name} expired at ${toText(until)}` }]
    if (from > now) return [{ state: 'not-yet-valid', found: `${name} is not valid before ${toText(from)}` }]
    return until - now < SOON_MS ? [{ state: 'ends-soon', found: `${name} expires at ${toText(until)}` }] : []
  })
  return aging.find(({ state }) => state !== 'ends-soon') ?? aging[0]
}
