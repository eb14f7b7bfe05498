import { readFileSync } from 'node:fs'
import { beforeAll, describe, expect, it } from 'vitest'
import { parse } from 'yaml'
import { helmValuesSchema } from '../../scripts/helm-values-schema.ts'
import { EVERYTHING, OF_OTHERS, REPLICAS } from './chart-values.ts'
import { CHART, render, type Values } from './helm.ts'
import type { Manifest } from './kubernetes-objects.ts'

const DEFAULTS = parse(readFileSync(`${CHART}/values.yaml`, 'utf8')) as Readonly<Record<string, unknown>>

const RENDERED = {
  plain: ['audit'],
  everything: ['enforce', EVERYTHING],
  replicas: ['audit', 'replicas'],
  'other replicas': ['audit', 'replicas', REPLICAS],
  'of others': ['replicas', OF_OTHERS],
  'their claim': ['audit', { persistence: { existingClaim: 'their-claim' } }],
} satisfies Readonly<Record<string, readonly Values[]>>

type Rendering = keyof typeof RENDERED

const renderings = new Map<Rendering, readonly Manifest[]>()
beforeAll(async () => {
  for (const [name, values] of Object.entries(RENDERED)) renderings.set(name as Rendering, await render(values))
})

/** A part of an object, such as `Deployment spec.replicas`; undefined without the object. Keys with dots are in brackets. */
const partOf = (rendering: Rendering, place: string): unknown => {
  const [what = '', path = ''] = place.split(' ')
  const [kind, name] = what.split('/')
  const found = (renderings.get(rendering) ?? []).filter(
    (one) => one.kind === kind && (name === undefined || one.metadata.name === name),
  )
  if (found.length > 1) throw new Error(`${found.length} of ${what}`)
  const keys = [...path.matchAll(/\[(.+?)\]|([^.[\]]+)/g)].map(([, bracketed, simple]) => bracketed ?? simple ?? '')
  return keys.reduce<unknown>((at, key) => (at as Readonly<Record<string, unknown>> | undefined)?.[key], found[0])
}

const POD = 'Deployment spec.template.spec'
const CONTAINER = `${POD}.containers.0`
const CONFIG = 'ConfigMap/curfew-vpn-config data.[curfew.yaml]'
const POLICIES = 'ConfigMap/curfew-vpn-policies data'
const DASHBOARD = 'ConfigMap/curfew-vpn-dashboard-people'

const DATABASE = {
  to: [{ ipBlock: { cidr: '10.1.0.0/16', except: ['10.1.9.0/24'] } }],
  ports: [{ port: 6432, protocol: 'TCP' }],
}

const text = (part: string) => expect.stringContaining(part) as unknown

/** What each value says, and where. In the rendering before, it says something else. */
const CLAIMS: ReadonlyArray<
  readonly [value: string, rendering: Rendering, place: string, expected: unknown, before?: Rendering]
> = [
  ['nameOverride', 'everything', 'Deployment metadata.name', 'curfew-vpn'],
  ['fullnameOverride', 'of others', 'Deployment metadata.name', 'warden'],
  ['image.repository', 'everything', `${CONTAINER}.image`, 'registry.corp.example/vpn:1.2.3'],
  ['image.tag', 'everything', `${CONTAINER}.image`, 'registry.corp.example/vpn:1.2.3'],
  ['image.digest', 'of others', `${CONTAINER}.image`, `curfew@sha256:${'1'.repeat(64)}`],
  ['image.pullPolicy', 'everything', `${CONTAINER}.imagePullPolicy`, 'Always'],
  ['image.pullSecrets', 'everything', `${POD}.imagePullSecrets`, [{ name: 'registry' }]],
  ['config.mode', 'everything', CONFIG, text('mode: enforce\n')],
  ['config.watch', 'everything', CONFIG, text('vpn-policy: enforced\n')],
  ['config.server', 'everything', `${CONTAINER}.ports.0.containerPort`, 9000],
  ['policies', 'everything', `${POLICIES}.[daily-reauthentication.yaml]`, text('name: daily-reauthentication\n')],
  ['policies', 'everything', `${POLICIES}.[more.yaml]`, EVERYTHING.policies['more.yaml']],
  ['existingConfigMap', 'of others', `${POD}.volumes.0.configMap.name`, 'their-config'],
  ['existingPoliciesConfigMap', 'of others', `${POD}.volumes.1.configMap.name`, 'their-policies'],
  [
    'existingSecret',
    'everything',
    `${POD}.volumes.3`,
    { name: 'secrets', secret: { secretName: 'curfew-secrets', defaultMode: 0o440 } },
  ],
  ['env', 'everything', `${CONTAINER}.env`, EVERYTHING.env],
  ['envFrom', 'everything', `${CONTAINER}.envFrom`, EVERYTHING.envFrom],
  ['extraVolumes', 'everything', `${POD}.volumes.4`, EVERYTHING.extraVolumes[0]],
  ['extraVolumeMounts', 'everything', `${CONTAINER}.volumeMounts.4`, EVERYTHING.extraVolumeMounts[0]],
  ['serviceAccount.create', 'of others', 'ServiceAccount', undefined],
  ['serviceAccount.name', 'everything', `${POD}.serviceAccountName`, 'vpn-account'],
  [
    'serviceAccount.annotations',
    'everything',
    'ServiceAccount metadata.annotations',
    EVERYTHING.serviceAccount.annotations,
  ],
  [
    'podIdentity.enabled',
    'everything',
    'NetworkPolicy spec.egress.2',
    { to: [{ ipBlock: { cidr: '169.254.170.23/32' } }], ports: [{ port: 80, protocol: 'TCP' }] },
  ],
  ['persistence.existingClaim', 'their claim', `${POD}.volumes.2.persistentVolumeClaim.claimName`, 'their-claim'],
  ['persistence.existingClaim', 'their claim', 'PersistentVolumeClaim', undefined],
  ['persistence.size', 'everything', 'PersistentVolumeClaim spec.resources.requests.storage', '5Gi'],
  ['persistence.storageClassName', 'everything', 'PersistentVolumeClaim spec.storageClassName', 'gp3'],
  ['persistence.accessMode', 'everything', 'PersistentVolumeClaim spec.accessModes', ['ReadWriteOncePod']],
  [
    'persistence.keep',
    'plain',
    'PersistentVolumeClaim metadata.annotations',
    { 'helm.sh/resource-policy': 'keep' },
    'everything',
  ],
  ['persistence.annotations', 'everything', 'PersistentVolumeClaim metadata.annotations', { backup: 'daily' }],
  ['replicas.enabled', 'replicas', 'Deployment spec.replicas', 3],
  ['replicas.enabled', 'replicas', 'PersistentVolumeClaim', undefined],
  ['replicas.enabled', 'replicas', `${CONTAINER}.args.3`, '--replica'],
  ['replicas.count', 'other replicas', 'Deployment spec.replicas', 5, 'replicas'],
  [
    'replicas.existingSecret',
    'other replicas',
    `${CONTAINER}.env.0.valueFrom.secretKeyRef.name`,
    'vpn-database',
    'replicas',
  ],
  ['replicas.caConfigMap', 'other replicas', `${POD}.volumes.3.configMap.name`, 'vpn-database-ca', 'replicas'],
  ['replicas.network', 'other replicas', 'NetworkPolicy/curfew spec.egress.2', DATABASE, 'replicas'],
  ['replicas.network', 'other replicas', 'NetworkPolicy/curfew-migrate spec.egress.0', DATABASE, 'replicas'],
  [
    'replicas.migrate.existingSecret',
    'other replicas',
    'Job spec.template.spec.containers.0.env.0.valueFrom.secretKeyRef.name',
    'vpn-owner',
    'replicas',
  ],
  ['replicas.migrate.ttlSecondsAfterFinished', 'other replicas', 'Job spec.ttlSecondsAfterFinished', 60, 'replicas'],
  ['replicas.migrate.enabled', 'of others', 'Job', undefined, 'replicas'],
  ['networkPolicy.enabled', 'of others', 'NetworkPolicy', undefined],
  ['networkPolicy.from', 'everything', 'NetworkPolicy spec.ingress.0.from', EVERYTHING.networkPolicy.from],
  ['networkPolicy.egress', 'everything', 'NetworkPolicy spec.egress.3', EVERYTHING.networkPolicy.egress[0]],
  ['serviceMonitor.enabled', 'everything', 'ServiceMonitor spec.jobLabel', 'app.kubernetes.io/name'],
  [
    'serviceMonitor',
    'everything',
    'ServiceMonitor spec.endpoints.0',
    { port: 'metrics', interval: '15s', scheme: 'https', tlsConfig: { serverName: 'curfew.corp.example' } },
  ],
  ['serviceMonitor.labels', 'everything', 'ServiceMonitor metadata.labels.release', 'monitoring'],
  ['prometheusRule.labels', 'everything', 'PrometheusRule metadata.labels.release', 'monitoring'],
  ['prometheusRule.enabled', 'everything', 'PrometheusRule spec.groups.1.name', 'curfew-sight'],
  [
    'prometheusRule.runbookUrl',
    'everything',
    'PrometheusRule spec.groups.1.rules.0.annotations.runbook_url',
    'https://wiki.corp.example/runbook#curfewdown',
  ],
  ['dashboards.enabled', 'everything', `${DASHBOARD} kind`, 'ConfigMap'],
  ['dashboards.names', 'everything', `${DASHBOARD} data.[curfew-people.json]`, text('Curfew')],
  ['dashboards.labels', 'everything', `${DASHBOARD} metadata.labels.grafana_dashboard`, 'yes'],
  ['dashboards.annotations', 'everything', `${DASHBOARD} metadata.annotations`, { grafana_folder: 'VPN' }],
  ['stopped', 'of others', 'Deployment spec.replicas', 0],
  [
    'probes.startup',
    'everything',
    `${CONTAINER}.startupProbe`,
    { httpGet: { path: '/healthz', port: 'metrics', scheme: 'HTTPS' }, periodSeconds: 10, failureThreshold: 30 },
  ],
  ['probes.liveness', 'everything', `${CONTAINER}.livenessProbe.timeoutSeconds`, 6],
  ['probes.readiness', 'everything', `${CONTAINER}.readinessProbe.timeoutSeconds`, 7],
  ['resources', 'everything', `${CONTAINER}.resources`, EVERYTHING.resources],
  ['user', 'everything', `${POD}.securityContext.runAsUser`, 10_001],
  ['user', 'of others', `${POD}.securityContext.fsGroup`, undefined],
  ['podAnnotations', 'everything', 'Deployment spec.template.metadata.annotations', { team: 'network' }],
  ['podLabels', 'everything', 'Deployment spec.template.metadata.labels.floor', 'third'],
  ['nodeSelector', 'everything', `${POD}.nodeSelector`, EVERYTHING.nodeSelector],
  ['tolerations', 'everything', `${POD}.tolerations`, EVERYTHING.tolerations],
  ['affinity', 'everything', `${POD}.affinity`, EVERYTHING.affinity],
  ['priorityClassName', 'everything', `${POD}.priorityClassName`, 'important'],
]

/** The keys of the values, down to those that are free. */
const keysOf = (values: object, schema: unknown, above = ''): readonly string[] =>
  Object.entries(values).flatMap(([key, value]) => {
    const { properties = {} } = schema as { readonly properties?: Readonly<Record<string, unknown>> }
    const below = properties[key]
    const isOpen = typeof value !== 'object' || value === null || Array.isArray(value) || below === undefined
    return isOpen || !Object.hasOwn(below as object, 'properties')
      ? [`${above}${key}`]
      : keysOf(value as object, below, `${above}${key}.`)
  })

describe('a value of the chart', () => {
  const claims = CLAIMS.map(
    ([value, rendering, place, expected, before = 'plain']) => [value, rendering, place, expected, before] as const,
  )

  it.each(claims)('%s: in the rendering "%s", %s is %j', (_value, rendering, place, expected, before) => {
    expect(partOf(rendering, place)).toEqual(expected)
    expect(partOf(before, place)).not.toEqual(expected)
  })

  it('has a claim above, whatever it is', () => {
    const claimed = CLAIMS.map(([value]) => value)
    const isClaimed = (key: string) => claimed.some((value) => key === value || key.startsWith(`${value}.`))
    const keys = keysOf(DEFAULTS, helmValuesSchema())
    expect(keys.length).toBeGreaterThan(50)
    expect(keys.filter((key) => !isClaimed(key))).toEqual([])
  })

  it('is null for a file of policies that an earlier file of values has, and leaves it out', () => {
    expect(Object.keys(partOf('everything', POLICIES) as object).sort()).toEqual([
      'daily-reauthentication.yaml',
      'leavers.txt',
      'more.yaml',
    ])
  })

  it('ties no object to a name: a release of another name has its own', async () => {
    const names = (objects: readonly Manifest[]) => objects.map(({ kind, metadata }) => `${kind} ${metadata.name}`)
    const other = await render(['audit', 'replicas'], 'second')
    expect(names(renderings.get('replicas') ?? []).filter((name) => names(other).includes(name))).toEqual([])
  })
})

describe('wrong values', () => {
  const refusal = async (values: object) => {
    try {
      await render(['enforce', values])
      return 'accepted'
    } catch (error) {
      return (error as Error).message
    }
  }

  it('are refused by the schema in words, all at once', async () => {
    const words = (
      await refusal({
        imgae: {},
        image: { digest: 'abc' },
        config: { mode: 'enforced', mood: 'audit' },
        policies: { 'daily-reauthentication.yaml': { policies: [{ name: 'a', kind: 'max-session-age' }] } },
        replicas: { count: 0 },
        persistence: { size: 'lots' },
        user: 0,
        dashboards: { names: ['all'] },
        podLabels: { 'app.kubernetes.io/name': 'other' },
      })
    ).split('\n')
    for (const expected of [
      "- at '': additional properties 'imgae' not allowed",
      "- at '/image/digest': 'abc' does not match pattern '^(sha256:[0-9a-f]{64})?$'",
      "  - at '/config/mode': value must be one of 'audit', 'enforce'",
      "  - at '/config': additional properties 'mood' not allowed",
      "  - at '/policies/daily-reauthentication.yaml/policies/0': missing property 'maxAge'",
      "- at '/replicas/count': minimum: got 0, want 1",
      "- at '/persistence/size': 'lots' does not match pattern '^[1-9]\\\\d*([KMGTP]i?)?$'",
      "  - at '/user': minimum: got 0, want 1",
    ])
      expect(words).toContain(expected)
    for (const start of ["- at '/dashboards/names/0': value must be one of", "- at '/podLabels': 'not' failed"])
      expect(words).toContainEqual(expect.stringContaining(start))
  })

  it.each<readonly [values: object, words: string]>([
    [{ config: { watch: [] } }, 'config.watch is empty: name your endpoints'],
    [{ existingConfigMap: 'theirs' }, 'config.watch and existingConfigMap are both set'],
    [{ existingPoliciesConfigMap: 'theirs' }, 'policies and existingPoliciesConfigMap are both set'],
    [{ config: { engine: { kind: 'postgres' } } }, 'config.engine.kind is postgres, but replicas.enabled is false'],
    [
      { config: { engine: { kind: 'files' } }, replicas: { enabled: true } },
      'config.engine.kind is files, but replicas.enabled is true',
    ],
    [{ env: [{ name: 'NODE_OPTIONS', value: '' }] }, 'env has NODE_OPTIONS: the image does not start while it is set'],
    [{ probes: { startup: { failureThreshold: 12 } } }, 'probes.startup gives the pod 60 seconds or less'],
  ])('that are wrong together are refused in words: %j', async (values, words) => {
    expect(await refusal(values)).toContain(words)
  })

  it('are those without a policy', async () => {
    const { policies: _policies, ...others } = EVERYTHING
    await expect(render([others])).rejects.toThrow('policies is empty: add a file')
  })
})
