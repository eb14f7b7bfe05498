import { isEncryptedOrLoopback } from '../loopback.ts'

/**
 * The problem with the address of a receiver; undefined if there is none. The message does not repeat the address, for
 * it may be a secret.
 */
export const addressProblem = (address: string): string | undefined => {
  if (!/^https?:\/\/[^\s/]/i.test(address) || !URL.canParse(address))
    return 'this is not an http or https URL: write https://…'
  if (isEncryptedOrLoopback(new URL(address))) return undefined
  return 'http:// would send user names in the clear: write https://…; http:// is allowed for this machine only'
}
