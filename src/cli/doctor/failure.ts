import { VpnError } from '../../app/vpn.ts'
import type { Finding } from './finding.ts'
import { failed } from './finding.ts'

/** The finding of a check whose call to AWS has failed. Other errors are thrown again. */
export const failedCall = (error: unknown, expected: string): Finding => {
  if (!(error instanceof VpnError)) throw error
  const { message, advice = 'try again' } = error
  const found = message.endsWith(`; ${advice}`) ? message.slice(0, -advice.length - 2) : message
  return failed({ found, expected, advice })
}
