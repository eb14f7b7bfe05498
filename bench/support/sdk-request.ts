import { DescribeClientVpnConnectionsCommand, EC2Client } from '@aws-sdk/client-ec2'

// Usage: sdk-request.mjs URL. The least that asks AWS with its SDK: the client is loaded, and one page is read and parsed.
const [, , endpoint = ''] = process.argv
const client = new EC2Client({ region: 'eu-central-1', endpoint })
await client.send(new DescribeClientVpnConnectionsCommand({ ClientVpnEndpointId: 'cvpn-endpoint-0123456789abcdef0' }))
client.destroy()
