import { execFileSync } from 'node:child_process'
import { bundled } from './support/bundle.ts'
import { served, told } from './support/child.ts'
import { median, type Options, ratio, rounded, type Table } from './support/table.ts'

interface Took {
  readonly connections: number
  readonly cpuSeconds: number
  readonly rssMb: number
}

/** Debian's Python with boto3, where it is. */
const PYTHON = '/usr/bin/python3'
const BOTO3 = `
import boto3, json, os, resource, sys
client = boto3.client('ec2', region_name='eu-central-1', endpoint_url=sys.argv[1], aws_access_key_id='bench', aws_secret_access_key='bench')
before = os.times()
rows = [row for page in client.get_paginator('describe_client_vpn_connections').paginate(ClientVpnEndpointId='cvpn-endpoint-0123456789abcdef0', PaginationConfig={'PageSize': 1000}) for row in page['Connections']]
after = os.times()
print(json.dumps({'connections': len(rows), 'cpuSeconds': after.user + after.system - before.user - before.system, 'rssMb': resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024}))
`

const hasBoto3 = () => {
  try {
    execFileSync(PYTHON, ['-c', 'import boto3'], { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
}

/** What reading every connection of an endpoint costs, each way in a process of its own, against one server process. */
export const poll = async ({ quick, rounds }: Options): Promise<readonly Table[]> => {
  using server = await bundled('bench/support/pages-server.ts')
  using contender = await bundled('bench/support/poll-contender.ts')
  const contenders = ['curfew', 'sdk', ...(hasBoto3() ? ['boto3'] : []), 'scan']
  const names: Readonly<Record<string, string>> = {
    curfew: 'Curfew',
    sdk: 'SDK v3, its paginator',
    boto3: 'boto3, its paginator',
    scan: 'floor: a scan of the bytes',
  }
  const tables: Table[] = []
  for (const connections of quick ? [2000] : [10_000, 100_000, 126_000]) {
    using serving = await served(server.file, [String(connections)])
    const { url } = serving
    const measure = async (who: string): Promise<Took> => {
      if (who === 'boto3') return JSON.parse(execFileSync(PYTHON, ['-c', BOTO3, url], { encoding: 'utf8' })) as Took
      return told<Took>(contender.file, [who, url])
    }
    const took = new Map<string, Took[]>(contenders.map((who) => [who, []]))
    // Turn by turn, so that what else the machine does hits all of them.
    for (let round = 0; round < rounds; round++) for (const who of contenders) took.get(who)?.push(await measure(who))
    const cpuOf = (who: string) => median((took.get(who) ?? []).map(({ cpuSeconds }) => cpuSeconds))
    tables.push({
      title: `poll: reading ${connections} connections`,
      rows: contenders.map((who) => ({
        who: names[who] ?? who,
        'CPU s': rounded(cpuOf(who)),
        'peak MB': Math.round(median((took.get(who) ?? []).map(({ rssMb }) => rssMb))),
        'to Curfew': ratio(cpuOf(who), cpuOf('curfew')),
        connections: took.get(who)?.[0]?.connections ?? 0,
      })),
      ...(contenders.includes('boto3') ? {} : { notes: [`boto3 is absent: ${PYTHON} cannot import it`] }),
    })
  }
  return tables
}
