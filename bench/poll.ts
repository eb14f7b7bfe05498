import { execFileSync } from 'node:child_process'
import { existsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { bundled } from './support/bundle.ts'
import { messageOf, served } from './support/child.ts'
import { createFolder } from './support/folder.ts'
import { FOUR_POLICIES } from './support/four-policies.ts'
import { imageScript } from './support/image-script.ts'
import { imageStart, isNodeOfImage } from './support/image-start.ts'
import { median, type Options, ratio, rounded, type Table } from './support/table.ts'
import { usageOf } from './support/usage.ts'

const BUNDLE = 'dist/cli/main.js'

interface Usage {
  readonly connections: number
  readonly cpuSeconds: number
  readonly rssMb: number
}

/** Debian's Python. The benchmark includes boto3 if this Python has it. */
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

/**
 * The whole command from the start of its process, with policies of four kinds and the options of the image. The readers
 * begin when Node has started. The server has no TLS, so that no certificates are read.
 */
const plan = (url: string, program: string): Usage => {
  using folder = createFolder()
  const config = join(folder.path, 'curfew.yaml')
  writeFileSync(
    config,
    `version: 1
policies: [./policies.yaml]
watch: [{ region: eu-central-1, endpointUrl: "${url}", endpoints: [cvpn-endpoint-0123456789abcdef0] }]
poll: { rate: { burst: 100, perSecond: 20 } }
`,
  )
  writeFileSync(join(folder.path, 'policies.yaml'), FOUR_POLICIES)
  const start = imageStart()
  const { output, cpuSeconds, peakMb } = usageOf(
    [...start.options, program, 'plan', '-c', config, '--output', 'json'],
    {
      ...start.environment,
      AWS_ACCESS_KEY_ID: 'bench',
      AWS_SECRET_ACCESS_KEY: 'bench',
      AWS_ENDPOINT_URL_STS: url,
      AWS_CA_BUNDLE: undefined,
      NODE_EXTRA_CA_CERTS: undefined,
    },
  )
  const { summary } = JSON.parse(output) as { readonly summary: { readonly active: number } }
  return { connections: summary.active, cpuSeconds, rssMb: peakMb }
}

/**
 * The CPU time and memory of reading all connections of an endpoint, and of a whole `curfew plan`. Each runs in a process of
 * its own.
 */
export const poll = async ({ quick, rounds }: Options): Promise<readonly Table[]> => {
  if (!existsSync(BUNDLE)) throw new Error(`${BUNDLE} does not exist: run npm run build first`)
  using server = await bundled('bench/support/pages-server.ts')
  using contender = await bundled('bench/support/poll-contender.ts')
  using image = quick || !isNodeOfImage() ? undefined : imageScript()
  const contenders = ['curfew', 'sdk', ...(hasBoto3() ? ['boto3'] : []), 'scan', 'plan', ...(image ? ['image'] : [])]
  const names: Readonly<Record<string, string>> = {
    curfew: 'Curfew',
    sdk: 'SDK v3, its paginator',
    boto3: 'boto3, its paginator',
    scan: 'lower bound: a scan of the bytes',
    plan: 'curfew plan, the whole process',
    image: 'the same from the script of the image',
  }
  const tables: Table[] = []
  for (const connections of quick ? [2000] : [10_000, 100_000, 126_000]) {
    using serving = await served(server.file, [String(connections)])
    const { url } = serving
    const measure = async (name: string): Promise<Usage> => {
      if (name === 'plan') return plan(url, BUNDLE)
      if (name === 'image' && image !== undefined) return plan(url, image.file)
      if (name === 'boto3') return JSON.parse(execFileSync(PYTHON, ['-c', BOTO3, url], { encoding: 'utf8' })) as Usage
      return messageOf<Usage>(contender.file, [name, url])
    }
    const usage = new Map<string, Usage[]>(contenders.map((name) => [name, []]))
    // The contenders take turns, so that other work on the machine affects all of them.
    for (let round = 0; round < rounds; round++)
      for (const name of contenders) usage.get(name)?.push(await measure(name))
    const cpuOf = (name: string) => median((usage.get(name) ?? []).map(({ cpuSeconds }) => cpuSeconds))
    tables.push({
      title: `poll: reading ${connections} connections`,
      rows: contenders.map((name) => ({
        who: names[name] ?? name,
        'CPU s': rounded(cpuOf(name)),
        'peak MB': Math.round(median((usage.get(name) ?? []).map(({ rssMb }) => rssMb))),
        'to Curfew': ratio(cpuOf(name), cpuOf('curfew')),
        'to the SDK': ratio(cpuOf(name), cpuOf('sdk')),
        connections: usage.get(name)?.[0]?.connections ?? 0,
      })),
      ...(contenders.includes('boto3') ? {} : { notes: [`without boto3: ${PYTHON} cannot import it`] }),
    })
  }
  return tables
}
