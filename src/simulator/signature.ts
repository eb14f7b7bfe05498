/** What a signature says of the one who signed. Signatures are not checked: anybody may be anybody here. */
export interface Signature {
  readonly accessKeyId: string
  readonly region: string
  /** The service that was signed for: real endpoints answer for one alone. */
  readonly service: string
}

const SIGNED =
  /^AWS4-HMAC-SHA256 +Credential=(?<accessKeyId>[^/,\s]+)\/\d{8}\/(?<region>[a-z0-9-]+)\/(?<service>[a-z0-9]+)\/aws4_request, *SignedHeaders=[^,\s]+, *Signature=[0-9a-f]{64}$/

/** Reads an Authorization header; undefined for what is not a signature. A request without one would not get in at AWS either. */
export const readSignature = (authorization: string | undefined): Signature | undefined => {
  const { accessKeyId, region, service } = SIGNED.exec(authorization ?? '')?.groups ?? {}
  if (accessKeyId === undefined || region === undefined || service === undefined) return undefined
  return { accessKeyId, region, service }
}
