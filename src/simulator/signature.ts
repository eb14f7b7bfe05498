/** The caller's part of a signature. The simulator does not verify signatures: it accepts any secret key. */
export interface Signature {
  readonly accessKeyId: string
  readonly region: string
  /** The signed service. A real endpoint answers for exactly one service. */
  readonly service: string
}

const SIGNED =
  /^AWS4-HMAC-SHA256 +Credential=(?<accessKeyId>[^/,\s]+)\/\d{8}\/(?<region>[a-z0-9-]+)\/(?<service>[a-z0-9]+)\/aws4_request, *SignedHeaders=[^,\s]+, *Signature=[0-9a-f]{64}$/

/** Reads an Authorization header. Undefined if it is not a signature; AWS refuses a request without one too. */
export const readSignature = (authorization: string | undefined): Signature | undefined => {
  const { accessKeyId, region, service } = SIGNED.exec(authorization ?? '')?.groups ?? {}
  if (accessKeyId === undefined || region === undefined || service === undefined) return undefined
  return { accessKeyId, region, service }
}
