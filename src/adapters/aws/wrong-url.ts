import { systemCodeOf } from './error-codes.ts'

/** Node's code for a text that is no URL. */
const CODE = 'ERR_INVALID_URL'

const isWrong = (text: string) => !(URL.canParse(text) && isHttp(new URL(text)))

const isHttp = ({ protocol }: { readonly protocol: string }) => protocol === 'http:' || protocol === 'https:'

/** Refuses an address that is no URL of the web, such as `localhost:4592`. The SDK would send its requests elsewhere. */
export const checkProtocol = (request: { readonly protocol: string }): void => {
  if (!isHttp(request)) throw Object.assign(new TypeError('the address does not begin with http(s)://'), { code: CODE })
}

/** The services whose address an operator can set. */
export type AddressedService = 'EC2' | 'STS' | 'CloudWatch Logs'

/**
 * The setting that holds no URL, and what to do; undefined for another failure. The value is not quoted, because it may
 * hold a password.
 */
export const wrongUrl = (error: unknown, service: AddressedService) => {
  if (systemCodeOf(error) !== CODE) return undefined
  const variable = [`AWS_ENDPOINT_URL_${service.toUpperCase().replace(' ', '_')}`, 'AWS_ENDPOINT_URL'].find((name) => {
    const text = process.env[name]
    return text !== undefined && text !== '' && isWrong(text)
  })
  return {
    found: `${variable ?? 'endpoint_url of the AWS profile'} is not a URL`,
    advice: `write it with http:// or https://, or remove it: without it the address of ${service} follows from the Region`,
  }
}
