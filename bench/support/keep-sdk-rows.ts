import { type ClientVpnConnection, EC2Client, paginateDescribeClientVpnConnections } from '@aws-sdk/client-ec2'
import { residentMbOf } from './process-cpu.ts'

// Usage: node keep-sdk-rows.mjs URL POLLS. Sends the most memory that was resident with the rows of a snapshot, as the SDK's
// paginator reads them. The rows of the next one replace them, page by page.
const [, , url = '', polls] = process.argv
process.env.AWS_ACCESS_KEY_ID = 'bench'
process.env.AWS_SECRET_ACCESS_KEY = 'bench'
process.env.AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED = 'true'

const client = new EC2Client({ region: 'eu-central-1', endpoint: url })
let most = 0
const kept: ClientVpnConnection[] = []
for (let poll = 0; poll < Number(polls); poll++) {
  let at = 0
  const asked = { ClientVpnEndpointId: 'cvpn-endpoint-0123456789abcdef0' }
  for await (const { Connections = [] } of paginateDescribeClientVpnConnections({ client, pageSize: 1000 }, asked)) {
    for (const row of Connections) kept[at++] = row
  }
  most = Math.max(most, residentMbOf(process.pid))
}
process.send?.({ most })
process.disconnect?.()
process.exit(0)
