import type { Container, PodSpec, PodTemplate, SecurityContext } from './kubernetes-objects.ts'

interface Pod {
  readonly annotations: Readonly<Record<string, string>>
  readonly spec: PodSpec
  readonly context: SecurityContext
  readonly containers: readonly Container[]
}

const contextOf = ({ securityContext = {} }: Container): SecurityContext => securityContext

const VOLUME_TYPES = [
  'configMap',
  'csi',
  'downwardAPI',
  'emptyDir',
  'ephemeral',
  'persistentVolumeClaim',
  'projected',
  'secret',
]

const SELINUX_TYPES = [undefined, '', 'container_t', 'container_init_t', 'container_kvm_t', 'container_engine_t']

/** The values of one key in the security contexts of the pod and of each container. */
const valuesOf = ({ context, containers }: Pod, key: string): readonly unknown[] =>
  [context, ...containers.map(contextOf)].map((one) => one[key])

const objects = (pod: Pod, key: string) =>
  valuesOf(pod, key).map((value) => (value ?? {}) as Readonly<Record<string, unknown>>)

/** Whether every container has a wanted value, either its own or, if it has none, the pod's. */
const everyContainer = ({ context, containers }: Pod, key: string, wanted: (value: unknown) => boolean) =>
  containers.every((container) => wanted(contextOf(container)[key] ?? context[key]))

const targetsOf = ({ livenessProbe, readinessProbe, startupProbe, lifecycle }: Container) =>
  [livenessProbe, readinessProbe, startupProbe, lifecycle?.postStart, lifecycle?.preStop].flatMap((handler) => [
    handler?.httpGet,
    handler?.tcpSocket,
  ])

const isConfined = (profile: unknown) =>
  ['RuntimeDefault', 'Localhost'].includes((profile as { type?: string } | undefined)?.type ?? '')

/**
 * The controls of the Pod Security Standard `restricted`, including those of `baseline`, as of Kubernetes 1.34
 * (https://kubernetes.io/docs/concepts/security/pod-security-standards/). Each function says whether a pod complies.
 * All sysctls are refused here, although the standard allows some.
 */
const CONTROLS: Readonly<Record<string, (pod: Pod) => boolean>> = {
  HostProcess: (pod) => objects(pod, 'windowsOptions').every(({ hostProcess }) => hostProcess !== true),
  'Host Namespaces': ({ spec }) => !(spec.hostNetwork || spec.hostPID || spec.hostIPC),
  'Privileged Containers': ({ containers }) => containers.every((one) => contextOf(one).privileged !== true),
  'Host Ports': ({ containers }) => containers.every(({ ports = [] }) => ports.every(({ hostPort }) => !hostPort)),
  'Host Probes / Lifecycle Hooks': ({ containers }) =>
    containers.every((one) => targetsOf(one).every((target) => !target?.host)),
  AppArmor: (pod) =>
    valuesOf(pod, 'appArmorProfile').every((profile) => profile === undefined || isConfined(profile)) &&
    Object.entries(pod.annotations).every(
      ([key, value]) =>
        !key.startsWith('container.apparmor.security.beta.kubernetes.io/') ||
        value === 'runtime/default' ||
        value.startsWith('localhost/'),
    ),
  SELinux: (pod) =>
    objects(pod, 'seLinuxOptions').every(
      ({ type, user, role }) => SELINUX_TYPES.includes(type as string | undefined) && !user && !role,
    ),
  '/proc Mount Type': (pod) => everyContainer(pod, 'procMount', (type) => (type ?? 'Default') === 'Default'),
  Sysctls: ({ context }) => context.sysctls === undefined,
  'Volume Types': ({ spec: { volumes } }) =>
    volumes.every((volume) => Object.keys(volume).every((key) => key === 'name' || VOLUME_TYPES.includes(key))),
  'Privilege Escalation': ({ containers }) =>
    containers.every((one) => contextOf(one).allowPrivilegeEscalation === false),
  'Running as Non-root': (pod) => everyContainer(pod, 'runAsNonRoot', (yes) => yes === true),
  'Running as Non-root user': (pod) => valuesOf(pod, 'runAsUser').every((user) => user !== 0),
  Seccomp: (pod) =>
    valuesOf(pod, 'seccompProfile').every((profile) => profile === undefined || isConfined(profile)) &&
    everyContainer(pod, 'seccompProfile', isConfined),
  Capabilities: ({ containers }) =>
    containers.every((one) => {
      const { add = [], drop = [] } = contextOf(one).capabilities ?? {}
      return drop.includes('ALL') && add.every((name) => name === 'NET_BIND_SERVICE')
    }),
}

/** The controls that a pod violates. */
export const brokenControls = ({ metadata, spec }: PodTemplate): readonly string[] => {
  const { securityContext = {}, containers, initContainers = [], ephemeralContainers = [] } = spec
  const pod: Pod = {
    annotations: metadata.annotations ?? {},
    spec,
    context: securityContext,
    containers: [...containers, ...initContainers, ...ephemeralContainers],
  }
  return Object.entries(CONTROLS).flatMap(([name, complies]) => (complies(pod) ? [] : [name]))
}
