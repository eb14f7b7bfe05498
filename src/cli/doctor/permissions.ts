import type { Survey } from '../../app/survey.ts'
import { VpnError } from '../../app/vpn.ts'
import { ALL_CONNECTIONS } from './connections.ts'
import type { Check } from './examination.ts'
import { failedCall } from './failure.ts'
import { failed, notChecked, ok, warning } from './finding.ts'

/** Whether IAM allows what an endpoint needs. Both are dry runs. */
export const permissionsCheck = (
  survey: Pick<Survey, 'denials'>,
  endpointId: string,
  {
    subject,
    region,
    isActing,
  }: {
    readonly subject: string
    readonly region: string
    /** Whether a policy may end connections. */
    readonly isActing: boolean
  },
): Check<unknown, true> => ({
  name: 'permissions',
  subject,
  late: {
    name: 'connections',
    finding: failed({
      found: `no answer of EC2 in ${region} in the time for all checks`,
      expected: ALL_CONNECTIONS,
      advice: 'check the network, and lower poll.requestTimeout to see more',
    }),
  },
  async ask(_needed, signal) {
    const expected = 'permission to read and to end connections'
    try {
      const denials = await survey.denials(endpointId, signal)
      const [first] = denials.values()
      if (first === undefined) return { finding: ok('reading and ending connections is allowed'), value: true }
      const { finding } = failedCall(first, expected, 'permissions')
      if (denials.has('ec2:DescribeClientVpnConnections')) return { finding }
      // Reading does not need this permission.
      if (isActing) return { finding, value: true }
      const found = `${finding.found}. Nothing needs it yet, because no policy acts`
      return { finding: warning({ ...finding, found }), value: true }
    } catch (error) {
      // The check of the connections says where the endpoint is.
      if (error instanceof VpnError && error.code === 'endpoint-not-found') {
        return { finding: notChecked('the endpoint is not there'), value: true }
      }
      // Only a denial says anything of permissions: without an answer the endpoint cannot be read.
      return failedCall(error, ALL_CONNECTIONS, 'connections')
    }
  },
})
