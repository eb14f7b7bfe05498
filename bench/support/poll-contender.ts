import { readFileSync } from 'node:fs'
import { EC2Client, paginateDescribeClientVpnConnections } from '@aws-sdk/client-ec2'
import { createVpn } from '../../src/adapters/aws/vpn.ts'
import { hostClock } from '../../src/adapters/host/clock.ts'

// Usage: node poll-contender.mjs NAME URL. Reads all connections with one contender, and sends its CPU time and memory.
const [, , name, url = ''] = process.argv
const ENDPOINT = 'cvpn-endpoint-0123456789abcdef0'
process.env.AWS_ACCESS_KEY_ID = 'bench'
process.env.AWS_SECRET_ACCESS_KEY = 'bench'
process.env.AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED = 'true'

const CONTENDERS: Readonly<Record<string, () => Promise<number>>> = {
  async curfew() {
    const vpn = createVpn({ region: 'eu-central-1', endpointUrl: url, requestTimeoutMs: 30_000, clock: hostClock })
    return (await vpn.snapshot(ENDPOINT, new AbortController().signal)).connections.length
  },
  async sdk() {
    const client = new EC2Client({ region: 'eu-central-1', endpoint: url })
    const rows = []
    const pages = paginateDescribeClientVpnConnections({ client, pageSize: 1000 }, { ClientVpnEndpointId: ENDPOINT })
    for await (const { Connections = [] } of pages) rows.push(...Connections)
    return rows.length
  },
  /** The lower bound: a search for one word in the same bytes. */
  async scan() {
    let count = 0
    for (let token: string | undefined = '0'; token !== undefined; ) {
      const answer = await fetch(url, { method: 'POST', body: `NextToken=${token}` })
      const text: string = Buffer.from(await answer.arrayBuffer()).toString('latin1')
      for (let at = text.indexOf('<connectionId>'); at !== -1; at = text.indexOf('<connectionId>', at + 1)) count++
      token = /<nextToken>(\d+)</.exec(text)?.[1]
    }
    return count
  },
}

/** The peak of this process alone. The system's `maxrss` includes the parent's memory at the fork. */
const peakMb = () => Number(/VmHWM:\s+(\d+)/.exec(readFileSync('/proc/self/status', 'utf8'))?.[1]) / 1024

const before = process.cpuUsage()
const connections = await CONTENDERS[name ?? '']?.()
const { user, system } = process.cpuUsage(before)
process.send?.({ connections, cpuSeconds: (user + system) / 1e6, rssMb: peakMb() })
process.disconnect?.()
process.exit(0)
