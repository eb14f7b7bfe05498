import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { join, relative } from 'node:path'
import { EC2Client } from '@aws-sdk/client-ec2'
import { describe, expect, it } from 'vitest'
import { parse } from 'yaml'
import { createNoProxy } from '../../src/adapters/proxy/no-proxy.ts'
import type { Proxy } from '../../src/adapters/proxy/proxy.ts'
import { ProxyFailure, type Refusal } from '../../src/adapters/proxy/proxy-failure.ts'
import { render, type Values } from '../deploy/helm.ts'
import { build } from '../deploy/kubectl.ts'
import type { Deployment, Manifest, NetworkPolicy } from '../deploy/kubernetes-objects.ts'
import { blocks, tableAfter } from './pages.ts'

const PAGE = 'docs/proxies.md'

const REFUSALS: readonly Refusal[] = [
  ...['ECONNREFUSED', 'ECONNRESET', 'ENOTFOUND', 'HPE_INVALID_CONSTANT', 'EPROTO'].map(
    (code) => ({ kind: 'unreached', code }) as const,
  ),
  ...[407, 403, 502, 405].map((status) => ({ kind: 'answered', status }) as const),
  { kind: 'own-data' },
  { kind: 'silent', ms: 3_000 },
]

const proxy: Proxy = {
  variable: 'HTTPS_PROXY',
  address: 'proxy.corp.example:3128',
  host: 'proxy.corp.example',
  port: 3128,
  secure: false,
  authorization: undefined,
}

const texts = (cell: string) => [...cell.matchAll(/`([^`]+)`/g)].map(([, text = '']) => text)

describe('the page about proxies', () => {
  it.each(tableAfter(PAGE, '## NO_PROXY').map(([entry = '']) => texts(entry)))(
    'gives the entry %s as it is read',
    (...entries) => {
      const named = ['corp.example', 'www.corp.example', '10.1.2.3', 'fd00::1', 'ec2.eu-central-1.amazonaws.com']
      for (const entry of entries) {
        const names = (host: string) => createNoProxy(entry)(host, entry.endsWith(':8443') ? 8443 : 443)
        expect(named.filter(names).map((host) => `${entry} ${host}`)).not.toEqual([])
      }
    },
  )

  it('gives the names of EC2 in each partition, and what exempts them', () => {
    const rows = tableAfter(PAGE, 'Other partitions have other names:')
    expect(rows).toHaveLength(4)
    for (const [, hosts = '', entries = ''] of rows) {
      const [host = ''] = texts(hosts)
      const [, region = ''] = host.split('.')
      const { hostname } = new EC2Client({ region }).config.endpointProvider({ Region: region }).url
      expect(hostname).toBe(host)
      expect(createNoProxy(texts(entries).join())(host, 443)).toBe(true)
    }
  })

  it('quotes the messages about a proxy', () => {
    const target = 'ec2.eu-central-1.amazonaws.com:443'
    const messages = [proxy, { ...proxy, authorization: 'Basic' }].flatMap((one) =>
      REFUSALS.map((refusal) => new ProxyFailure(one, target, refusal).message),
    )
    const quoted = tableAfter(PAGE, '## When it fails').flatMap(([cell = '']) => texts(cell))
    // A failure inside the tunnel is not one of the proxy. test/cli/proxy.test.ts has it.
    const ofProxy = quoted.filter((text) => !text.includes('through the proxy'))
    const parts = ofProxy.flatMap((text) => text.split('…')).map((part) => part.trim())
    expect(parts.length).toBeGreaterThan(10)
    expect(parts.filter((part) => !messages.some((message) => message.includes(part)))).toEqual([])
  })

  it('adds the proxy to the objects of Kubernetes', async () => {
    const [patch = '', values = ''] = blocks
      .filter(({ page, language }) => page === PAGE && language === 'yml')
      .map(({ text }) => text)
    // kustomize accepts only relative paths.
    const parent = 'node_modules/.cache/curfew'
    await mkdir(parent, { recursive: true })
    const folder = await mkdtemp(join(parent, 'overlay-'))
    try {
      const base = relative(folder, 'deploy/kubernetes/base')
      await writeFile(join(folder, 'kustomization.yaml'), `resources: [${base}]\n${patch}`)
      for (const objects of [await build(folder), await render(['audit', parse(values) as Values])]) {
        const [deployment] = objects.filter(({ kind }) => kind === 'Deployment') as readonly Manifest[] as [Deployment]
        const [policy] = objects.filter(({ kind }) => kind === 'NetworkPolicy') as readonly Manifest[] as [
          NetworkPolicy,
        ]
        expect(deployment.spec.template.spec.containers[0]?.env).toEqual([
          { name: 'HTTPS_PROXY', valueFrom: { secretKeyRef: { name: 'curfew-proxy', key: 'url' } } },
          { name: 'NO_PROXY', value: '.svc,.cluster.local' },
        ])
        expect(policy.spec.egress).toContainEqual({ ports: [{ port: 3128, protocol: 'TCP' }] })
      }
    } finally {
      await rm(folder, { recursive: true })
    }
  })
})
