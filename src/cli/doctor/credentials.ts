import type { Site } from '../../app/site.ts'
import type { Caller, Survey } from '../../app/survey.ts'
import { VpnError } from '../../app/vpn.ts'
import type { Check } from './examination.ts'
import { ACCEPTED, failedCall } from './failure.ts'
import { ok, warning } from './finding.ts'

/** STS could not be asked. The credentials may be good. */
const UNANSWERED: ReadonlySet<string> = new Set(['unreachable', 'timeout', 'malformed', 'server-error', 'throttled'])

/** Whether there are credentials, and who they are. `subject` names the site. */
export const credentialsCheck = (
  survey: Pick<Survey, 'caller'>,
  site: Site,
  subject: string,
): Check<unknown, { readonly caller: Caller | undefined }> => ({
  name: 'credentials',
  subject,
  asked: 'the source of the credentials or STS',
  async ask(_needed, signal) {
    try {
      const caller = await survey.caller(signal)
      return { finding: ok(`${caller.arn} in account ${caller.account}`), value: { caller } }
    } catch (error) {
      const { finding } = failedCall(error, ACCEPTED, 'credentials')
      const isUnanswered = error instanceof VpnError && UNANSWERED.has(error.code) && site.assumeRole === undefined
      if (!isUnanswered) return { finding }
      // The daemon needs the number of the account only as a label.
      return { finding: warning({ ...finding, expected: 'an answer of STS' }), value: { caller: undefined } }
    }
  },
})
