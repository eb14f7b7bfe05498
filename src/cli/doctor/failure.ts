import { VpnError, type VpnErrorCode } from '../../app/vpn.ts'
import type { Answer, CheckName } from './finding.ts'
import { failed } from './finding.ts'

/** What the operator needs where AWS does not accept the credentials, whichever call has shown it. */
export const ACCEPTED = 'credentials that AWS accepts'

const OF_CREDENTIALS: ReadonlySet<VpnErrorCode> = new Set(['no-credentials', 'bad-credentials', 'expired-credentials'])

/** The answer of a check whose call to AWS has failed. Other errors are thrown again. */
export const failedCall = (error: unknown, expected: string, name: CheckName) => {
  if (!(error instanceof VpnError)) throw error
  const { message, advice = 'try again', code } = error
  const found = message.endsWith(`; ${advice}`) ? message.slice(0, -advice.length - 2) : message
  const isOfCredentials = OF_CREDENTIALS.has(code)
  return {
    name: isOfCredentials ? 'credentials' : name,
    finding: failed({ found, expected: isOfCredentials ? ACCEPTED : expected, advice }),
  } satisfies Answer<never>
}
