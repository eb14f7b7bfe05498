import { readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { beforeAll, describe, expect, it } from 'vitest'
import { parse } from 'yaml'
import { PATHS } from '../../src/adapters/http/paths.ts'
import { workspace } from '../cli/curfew.ts'
import { build } from './kubectl.ts'
import type {
  Container,
  Deployment,
  Job,
  Manifest,
  NetworkPolicy,
  PodDisruptionBudget,
  PodTemplate,
  PrometheusRule,
  Service,
  ServiceAccount,
  ServiceMonitor,
} from './kubernetes-objects.ts'
import { schemaProblems, typeProblems } from './manifest.ts'
import { configMapsOf, mountConfigMaps } from './mounted.ts'
import { brokenControls } from './restricted.ts'

const FOLDER = 'deploy/kubernetes'
const OVERLAYS = ['irsa', 'pod-identity', 'enforce', 'replicas'] as const
const BUILT = ['base', ...OVERLAYS.map((name) => `overlays/${name}`)]
const REPLICAS = 'overlays/replicas'
const SINGLE = BUILT.filter((name) => name !== REPLICAS)

/** What an operator creates before the overlay of replicas is applied, as the commands of the page do. */
const CREATED_BEFORE = [
  ...readFileSync('docs/kubernetes.md', 'utf8').matchAll(
    /^\$ kubectl -n curfew create (configmap|secret generic) (\S+) /gm,
  ),
].map(([, kind, name]) => `${kind} ${name}`)

const built = new Map<string, readonly Manifest[]>()

beforeAll(async () => {
  for (const name of BUILT) built.set(name, await build(join(FOLDER, name)))
})

const allOf = (name: string): readonly Manifest[] => built.get(name) ?? []

/** The only object of a kind that has a name. */
const only = <Kind extends Manifest = Manifest>(name: string, kind: string, called = 'curfew'): Kind => {
  const found = allOf(name).filter((manifest) => manifest.kind === kind && manifest.metadata.name === called)
  if (found.length !== 1) throw new Error(`${found.length} of ${kind} in ${name}`)
  return found[0] as Kind
}

const podOf = (name: string) => only<Deployment>(name, 'Deployment').spec.template

const specOf = (name: string) => podOf(name).spec

const onlyContainer = ({ spec: { containers } }: PodTemplate): Container => {
  expect(containers.length).toBe(1)
  return containers[0] as Container
}

const containerOf = (name: string) => onlyContainer(podOf(name))

/** The pod that makes the tables for the replicas. */
const migration = () => only<Job>(REPLICAS, 'Job', 'curfew-migrate').spec.template

describe.each(BUILT)('deploy/kubernetes/%s', (name) => {
  it('matches the published JSON schemas', () => {
    expect(allOf(name).length).toBeGreaterThan(5)
    expect(allOf(name).flatMap(schemaProblems)).toEqual([])
  })

  it('has no key that is missing in the published types', () => {
    expect(typeProblems(allOf(name))).toEqual([])
  })

  it('complies with the Pod Security Standard "restricted"', () => {
    expect(brokenControls(podOf(name))).toEqual([])
    expect(containerOf(name).securityContext?.readOnlyRootFilesystem).toBe(true)
  })

  it('gives the pod time to stop and, after a crash, to wait for the lock', () => {
    expect(specOf(name).terminationGracePeriodSeconds).toBeGreaterThan(10)
    const { startupProbe } = containerOf(name)
    // 30 s for the lock itself, and 30 s for the second lock, which guards its takeover.
    expect((startupProbe?.periodSeconds ?? 0) * (startupProbe?.failureThreshold ?? 0)).toBeGreaterThan(60)
  })

  it('allows the eviction of one pod at a time when a node is drained', () => {
    expect(only<PodDisruptionBudget>(name, 'PodDisruptionBudget').spec).toMatchObject({ maxUnavailable: 1 })
  })

  it('mounts no token of the Kubernetes API', () => {
    expect(specOf(name).automountServiceAccountToken).toBe(false)
    expect(only<ServiceAccount>(name, 'ServiceAccount').automountServiceAccountToken).toBe(false)
  })

  it('refers only to objects, ports and paths that exist', () => {
    const names = (kind: string) => allOf(name).flatMap((one) => (one.kind === kind ? [one.metadata.name] : []))
    const { volumes, serviceAccountName } = specOf(name)
    const { volumeMounts, ports = [], livenessProbe, readinessProbe, startupProbe } = containerOf(name)
    expect(names('ServiceAccount')).toEqual([serviceAccountName])
    const created = CREATED_BEFORE.flatMap((one) => (name === REPLICAS ? (one.match(/(?<=^configmap ).*/) ?? []) : []))
    expect(volumes.flatMap(({ configMap }) => configMap?.name ?? []).sort()).toEqual(
      [...names('ConfigMap'), ...created].sort(),
    )
    expect(volumes.flatMap(({ persistentVolumeClaim }) => persistentVolumeClaim?.claimName ?? [])).toEqual(
      names('PersistentVolumeClaim'),
    )
    expect(volumeMounts.map((one) => one.name).sort()).toEqual(volumes.map((volume) => volume.name).sort())

    const service = only<Service>(name, 'Service').spec
    const network = only<NetworkPolicy>(name, 'NetworkPolicy').spec
    const probes = [livenessProbe, readinessProbe, startupProbe].map((probe) => probe?.httpGet)
    const portNames = ports.map((port) => port.name)
    for (const probe of probes) expect(Object.keys(PATHS)).toContain(probe?.path)
    for (const port of [...probes, ...network.ingress.flatMap((from) => from.ports)].map((one) => one?.port))
      expect(portNames).toContain(port)
    expect(service.ports.map(({ targetPort }) => targetPort)).toEqual(portNames)

    const { labels } = podOf(name).metadata
    for (const selector of [
      service.selector,
      network.podSelector.matchLabels,
      only<PodDisruptionBudget>(name, 'PodDisruptionBudget').spec.selector.matchLabels,
      only<Deployment>(name, 'Deployment').spec.selector.matchLabels,
    ])
      expect(labels).toMatchObject(selector)
  })

  it('is reached by Prometheus alone, and reaches neither the services of the node nor another DNS', () => {
    const { spec } = only<NetworkPolicy>(name, 'NetworkPolicy')
    expect(spec.ingress.flatMap(({ from }) => from)).toEqual([
      {
        namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': 'monitoring' } },
        podSelector: { matchLabels: { 'app.kubernetes.io/name': 'prometheus' } },
      },
    ])
    const to = (port: number) =>
      spec.egress.flatMap((rule) => (rule.ports.some((one) => one.port === port) ? (rule.to ?? ['anywhere']) : []))
    for (const peer of to(443)) {
      const { cidr, except } = (peer as { ipBlock: { cidr: string; except: readonly string[] } }).ipBlock
      expect(except).toContain(cidr === '0.0.0.0/0' ? '169.254.0.0/16' : 'fe80::/10')
    }
    expect(to(443)).toHaveLength(2)
    expect(to(53)).toEqual([
      { namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': 'kube-system' } } },
      { ipBlock: { cidr: '169.254.20.10/32' } },
    ])
  })

  it('delivers an edit of a ConfigMap to the running daemon', () => {
    expect([...configMapsOf(allOf(name)).keys()].sort()).toEqual(['curfew-config', 'curfew-policies'])
    for (const { subPath } of containerOf(name).volumeMounts) expect(subPath).toBeUndefined()
  })

  it('has a valid configuration at the path that Curfew reads, with files that it can write', async () => {
    await using here = await workspace({})
    const { args, volumeMounts, ports = [] } = containerOf(name)
    expect(args.slice(0, 2)).toEqual(['run', '--config'])
    expect((await here.run([...args, '--help'])).code).toBe(0)

    await mountConfigMaps(here.folder, podOf(name), allOf(name))
    const path = args[2] ?? ''
    const validated = await here.run(['validate', '--config', join(here.folder, path)])
    expect(validated.stderr).toBe('')
    expect(validated.code).toBe(0)

    const { mode, server, audit, state, engine } = parse(readFileSync(join(here.folder, path), 'utf8')) as {
      mode: string
      server: { host: string; port?: number }
      audit?: { file: string }
      state?: { file: string }
      engine?: { tls: { caFile: string } }
    }
    expect(mode).toBe(['overlays/enforce', REPLICAS].includes(name) ? 'enforce' : 'audit')
    expect(server).toEqual({ host: '0.0.0.0' })
    expect(ports[0]?.containerPort).toBe(9464)
    const writable = volumeMounts.filter((one) => one.readOnly !== true).map(({ mountPath }) => mountPath)
    const files = [audit, state].flatMap((one) => (one === undefined ? [] : [dirname(one.file)]))
    expect(new Set(files)).toEqual(new Set(writable))
    expect(files).toHaveLength(name === REPLICAS ? 1 : 2)
    expect(engine !== undefined).toBe(name === REPLICAS)
    if (engine !== undefined) expect(volumeMounts.map((one) => one.mountPath)).toContain(dirname(engine.tls.caFile))
  })
})

describe.each(SINGLE)('deploy/kubernetes/%s', (name) => {
  it('never runs two pods', () => {
    const { spec } = only<Deployment>(name, 'Deployment')
    expect(spec).toMatchObject({ replicas: 1, strategy: { type: 'Recreate' } })
  })
})

describe('deploy/kubernetes/overlays/replicas', () => {
  it('runs three pods, and replaces them one by one after a new one is ready', () => {
    const { spec } = only<Deployment>(REPLICAS, 'Deployment')
    expect(spec).toMatchObject({
      replicas: 3,
      strategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge: 1, maxUnavailable: 0 } },
    })
    // Longer than the units need to be shared anew.
    expect(spec.minReadySeconds).toBeGreaterThanOrEqual(10)
  })

  it('spreads the pods of one version over the zones, and leaves out a zone that is lost', () => {
    const { topologySpreadConstraints = [] } = specOf(REPLICAS)
    const { labels } = podOf(REPLICAS).metadata
    expect(topologySpreadConstraints).toMatchObject([
      {
        topologyKey: 'topology.kubernetes.io/zone',
        maxSkew: 1,
        whenUnsatisfiable: 'DoNotSchedule',
        nodeTaintsPolicy: 'Honor',
      },
      { topologyKey: 'kubernetes.io/hostname', whenUnsatisfiable: 'ScheduleAnyway' },
    ])
    for (const { labelSelector, matchLabelKeys } of topologySpreadConstraints) {
      expect(labels).toMatchObject(labelSelector.matchLabels)
      expect(matchLabelKeys).toEqual(['pod-template-hash'])
    }
  })

  it('keeps nothing beyond its pod', () => {
    expect(allOf(REPLICAS).map(({ kind }) => kind)).not.toContain('PersistentVolumeClaim')
    const writable = containerOf(REPLICAS).volumeMounts.filter(({ readOnly }) => readOnly !== true)
    const volumes = specOf(REPLICAS).volumes.filter(({ name }) => writable.some((one) => one.name === name))
    expect(volumes).toEqual([{ name: 'data', emptyDir: { sizeLimit: '16Mi' } }])
  })

  it('asks the process about its life alone when it decides on a restart', () => {
    const { livenessProbe, startupProbe, readinessProbe } = containerOf(REPLICAS)
    for (const probe of [livenessProbe, startupProbe]) expect(probe?.httpGet?.path).toBe('/healthz')
    expect(readinessProbe?.httpGet?.path).toBe('/readyz')
  })

  it('reaches PostgreSQL at private addresses', () => {
    for (const called of ['curfew', 'curfew-migrate']) {
      const { egress } = only<NetworkPolicy>(REPLICAS, 'NetworkPolicy', called).spec
      const peers = egress.filter(({ ports }) => ports.some(({ port }) => port === 5432)).map(({ to }) => to)
      expect(peers).toHaveLength(1)
      for (const peer of peers[0] ?? []) {
        const { cidr } = (peer as { ipBlock: { cidr: string } }).ipBlock
        expect(cidr).toMatch(/^(?:10\.|172\.16\.|192\.168\.|100\.64\.|fd00:)/)
      }
    }
  })

  it('migrates with its own image and configuration, and with the credential of the owner, which no replica has', () => {
    const [daemon, migrate] = [containerOf(REPLICAS), onlyContainer(migration())]
    expect(migrate.image).toBe(daemon.image)
    const secretOf = ({ env = [] }: Container) => {
      expect(env.map(({ name }) => name)).toEqual(['CURFEW_DATABASE_URL'])
      return env[0]?.valueFrom?.secretKeyRef?.name
    }
    expect(secretOf(daemon)).toBe('curfew-database')
    expect(secretOf(migrate)).toBe('curfew-database-owner')
    expect(JSON.stringify(podOf(REPLICAS))).not.toContain('curfew-database-owner')
    const ofConfiguration = ({ volumeMounts }: Container) =>
      volumeMounts.filter(({ mountPath }) => mountPath.startsWith('/etc/curfew')).map((one) => JSON.stringify(one))
    expect(ofConfiguration(migrate).sort()).toEqual(ofConfiguration(daemon).sort())
  })

  it('migrates in a pod that complies with the Pod Security Standard "restricted", and that nothing selects', () => {
    const pod = migration()
    expect(brokenControls(pod)).toEqual([])
    expect(onlyContainer(pod).securityContext?.readOnlyRootFilesystem).toBe(true)
    expect(pod.spec.automountServiceAccountToken).toBe(false)
    for (const selector of [
      only<Service>(REPLICAS, 'Service').spec.selector,
      only<NetworkPolicy>(REPLICAS, 'NetworkPolicy').spec.podSelector.matchLabels,
      only<PodDisruptionBudget>(REPLICAS, 'PodDisruptionBudget').spec.selector.matchLabels,
      only<Deployment>(REPLICAS, 'Deployment').spec.selector.matchLabels,
    ])
      expect(pod.metadata.labels).not.toMatchObject(selector)
    expect(pod.metadata.labels).toMatchObject(
      only<NetworkPolicy>(REPLICAS, 'NetworkPolicy', 'curfew-migrate').spec.podSelector.matchLabels,
    )
  })

  it('migrates by a command that exists', async () => {
    await using here = await workspace({})
    const { code, stderr } = await here.run([...onlyContainer(migration()).args, '--help'])
    expect(stderr).toBe('')
    expect(code).toBe(0)
  })

  it('needs nothing that the page does not create', () => {
    const referred = [podOf(REPLICAS), migration()].flatMap((pod) => [
      ...pod.spec.volumes.flatMap(({ configMap }) => (configMap === undefined ? [] : [`configmap ${configMap.name}`])),
      ...(onlyContainer(pod).env?.map(({ valueFrom }) => `secret generic ${valueFrom?.secretKeyRef?.name}`) ?? []),
    ])
    const outside = referred.filter((one) => !allOf(REPLICAS).some(({ metadata }) => one.endsWith(` ${metadata.name}`)))
    expect(new Set(outside)).toEqual(new Set(CREATED_BEFORE))
  })
})

describe.each(OVERLAYS)('deploy/kubernetes/overlays/%s', (overlay) => {
  const name = `overlays/${overlay}`

  it('is scraped under the job name that the alerts expect', () => {
    const { jobLabel, selector, endpoints } = only<ServiceMonitor>(name, 'ServiceMonitor').spec
    const { spec, metadata } = only<Service>(name, 'Service')
    expect(spec.ports.map(({ name: port }) => port)).toEqual(endpoints.map(({ port }) => port))
    expect(metadata.labels).toMatchObject(selector.matchLabels)
    const job = metadata.labels?.[jobLabel]
    expect(readFileSync('deploy/prometheus/alerts.rules.yaml', 'utf8')).toContain(`up{job="${job}"}`)
  })

  it('contains every rule of deploy/prometheus', () => {
    const groups = ['recording', 'alerts'].flatMap(
      (file) =>
        (parse(readFileSync(`deploy/prometheus/${file}.rules.yaml`, 'utf8')) as { groups: readonly unknown[] }).groups,
    )
    expect(groups.length).toBeGreaterThan(1)
    expect(only<PrometheusRule>(name, 'PrometheusRule').spec.groups).toEqual(groups)
  })
})

describe('the image', () => {
  it('has this version in the base, and a digest in the overlay for production', () => {
    const { version } = JSON.parse(readFileSync('package.json', 'utf8')) as { version: string }
    expect(containerOf('base').image).toBe(`curfew:${version}`)
    expect(containerOf('overlays/enforce').image).toMatch(/^registry\.corp\.example\/curfew@sha256:[0-9a-f]{64}$/)
  })
})

describe('credentials', () => {
  const trustOf = (overlay: string) => {
    const text = readFileSync(join(FOLDER, 'overlays', overlay, 'trust-policy.json'), 'utf8')
    return (
      JSON.parse(text) as { Statement: [{ Action: unknown; Condition: { StringEquals: Record<string, string> } }] }
    ).Statement[0]
  }
  const account = () => only('overlays/enforce', 'ServiceAccount').metadata

  it('from IRSA are limited to the annotated service account', () => {
    const { namespace, name, annotations } = account()
    expect(annotations?.['eks.amazonaws.com/role-arn']).toMatch(/^arn:aws:iam::\d{12}:role\/\S+$/)
    const { Action, Condition } = trustOf('irsa')
    expect(Action).toBe('sts:AssumeRoleWithWebIdentity')
    expect(Object.values(Condition.StringEquals)).toEqual([
      'sts.amazonaws.com',
      `system:serviceaccount:${namespace}:${name}`,
    ])
  })

  it('from Pod Identity need no annotation, but network access to the agent', () => {
    expect(only('overlays/pod-identity', 'ServiceAccount').metadata.annotations).toBeUndefined()
    const { spec } = only<NetworkPolicy>('overlays/pod-identity', 'NetworkPolicy')
    expect(spec.egress).toContainEqual({
      to: [{ ipBlock: { cidr: '169.254.170.23/32' } }],
      ports: [{ port: 80, protocol: 'TCP' }],
    })
    const { namespace, name } = account()
    const { StringEquals } = trustOf('pod-identity').Condition
    expect(StringEquals).toEqual({
      // Another cluster of the account may have a service account of the same name.
      'aws:RequestTag/eks-cluster-arn': expect.stringMatching(
        /^arn:aws:eks:[a-z0-9-]+:\d{12}:cluster\/\w+$/,
      ) as unknown,
      'aws:RequestTag/kubernetes-namespace': namespace,
      'aws:RequestTag/kubernetes-service-account': name,
    })
  })
})

describe('the checks', () => {
  /** A copy of the pod with one object changed, or removed if no values are given. */
  const changed = (path: string, values?: object): PodTemplate => {
    const pod = structuredClone(podOf('base'))
    const keys = path.split('.')
    const last = keys.pop() ?? ''
    const holder = keys.reduce<unknown>((at, key) => (at as Record<string, unknown>)[key], pod.spec)
    const target = (holder as Record<string, object>)[last]
    if (target === undefined) throw new Error(`nothing at ${path}`)
    if (values === undefined) delete (holder as Record<string, unknown>)[last]
    else Object.assign(target, values)
    return pod
  }

  it.each<readonly [control: string, path: string, values: object | undefined]>([
    ['HostProcess', 'containers.0.securityContext', { windowsOptions: { hostProcess: true } }],
    ['Privileged Containers', 'containers.0.securityContext', { privileged: true }],
    ['Host Ports', 'containers.0.ports.0', { hostPort: 9464 }],
    ['Host Probes / Lifecycle Hooks', 'containers.0.livenessProbe.httpGet', { host: '169.254.169.254' }],
    ['AppArmor', 'securityContext', { appArmorProfile: { type: 'Unconfined' } }],
    ['SELinux', 'securityContext', { seLinuxOptions: { type: 'spc_t' } }],
    ['SELinux', 'containers.0.securityContext', { seLinuxOptions: { role: 'system_r' } }],
    ['/proc Mount Type', 'containers.0.securityContext', { procMount: 'Unmasked' }],
    ['Sysctls', 'securityContext', { sysctls: [{ name: 'kernel.msgmax', value: '1' }] }],
    ['Volume Types', 'volumes.0', { hostPath: { path: '/' } }],
    ['Privilege Escalation', 'containers.0.securityContext.allowPrivilegeEscalation', undefined],
    ['Running as Non-root', 'securityContext.runAsNonRoot', undefined],
    ['Running as Non-root', 'containers.0.securityContext', { runAsNonRoot: false }],
    ['Running as Non-root user', 'securityContext', { runAsUser: 0 }],
    ['Seccomp', 'securityContext.seccompProfile', undefined],
    ['Seccomp', 'containers.0.securityContext', { seccompProfile: { type: 'Unconfined' } }],
    ['Capabilities', 'containers.0.securityContext.capabilities', { drop: ['NET_RAW'] }],
    ['Capabilities', 'containers.0.securityContext.capabilities', { add: ['SYS_PTRACE'] }],
  ])('find a violation of the control "%s" at %s', (control, path, values) => {
    expect(brokenControls(changed(path, values))).toEqual([control])
  })

  it.each(['hostNetwork', 'hostPID', 'hostIPC'])('find %s', (key) => {
    const { metadata, spec } = podOf('base')
    expect(brokenControls({ metadata, spec: { ...spec, [key]: true } })).toEqual(['Host Namespaces'])
  })

  it('find an annotation that disables AppArmor', () => {
    const { metadata, spec } = podOf('base')
    const annotations = { 'container.apparmor.security.beta.kubernetes.io/curfew': 'unconfined' }
    expect(brokenControls({ metadata: { ...metadata, annotations }, spec })).toEqual(['AppArmor'])
  })

  it.each(['initContainers', 'ephemeralContainers'])('cover %s', (key) => {
    const { metadata, spec } = podOf('base')
    const bare = { name: 'bare', image: 'bare' }
    expect(brokenControls({ metadata, spec: { ...spec, [key]: [bare] } })).toEqual([
      'Privilege Escalation',
      'Capabilities',
    ])
  })

  it('find a value that the schema refuses', () => {
    const deployment = only<Deployment>('base', 'Deployment')
    const monitor = only<ServiceMonitor>('overlays/irsa', 'ServiceMonitor')
    const wrong = [
      { ...deployment, spec: { ...deployment.spec, replicas: 'one' } },
      { ...monitor, spec: { ...monitor.spec, endpoints: [{ port: 'metrics', interval: '30 seconds' }] } },
      { ...monitor, kind: 'ServiceMonitors' },
    ]
    for (const manifest of wrong) expect(schemaProblems(manifest)).toHaveLength(1)
  })

  it('find an unknown key', () => {
    const deployment = only<Deployment>('base', 'Deployment')
    const monitor = only<ServiceMonitor>('overlays/irsa', 'ServiceMonitor')
    const wrong = [
      { ...deployment, spec: { ...deployment.spec, replica: 1 } },
      { ...deployment, spec: { ...deployment.spec, template: changed('containers.0.readinessProbe', { timeout: 5 }) } },
      { ...monitor, spec: { ...monitor.spec, endpoints: [{ port: 'metrics', intervall: '30s' }] } },
    ]
    expect(typeProblems(wrong)).toHaveLength(wrong.length)
  })
})
