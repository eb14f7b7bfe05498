/** An object of the Kubernetes API. */
export interface Manifest {
  readonly apiVersion: string
  readonly kind: string
  readonly metadata: Metadata
}

interface Metadata {
  readonly name: string
  readonly namespace?: string
  readonly labels?: Labels
  readonly annotations?: Labels
}

type Labels = Readonly<Record<string, string>>

interface Selector {
  readonly matchLabels: Labels
}

// These types hold only what the tests read. Whole objects are checked against the published schemas and types.

export interface Deployment extends Manifest {
  readonly spec: {
    readonly replicas: number
    readonly minReadySeconds?: number
    readonly strategy: { readonly type: string }
    readonly selector: Selector
    readonly template: PodTemplate
  }
}

export interface Job extends Manifest {
  readonly spec: { readonly template: PodTemplate }
}

export interface PodTemplate {
  readonly metadata: { readonly labels: Labels; readonly annotations?: Labels }
  readonly spec: PodSpec
}

export interface PodSpec {
  readonly serviceAccountName: string
  readonly automountServiceAccountToken?: boolean
  readonly terminationGracePeriodSeconds: number
  readonly hostNetwork?: boolean
  readonly hostPID?: boolean
  readonly hostIPC?: boolean
  readonly securityContext?: SecurityContext
  readonly containers: readonly Container[]
  readonly initContainers?: readonly Container[]
  readonly ephemeralContainers?: readonly Container[]
  readonly topologySpreadConstraints?: ReadonlyArray<{
    readonly labelSelector: Selector
    readonly matchLabelKeys?: readonly string[]
  }>
  readonly volumes: ReadonlyArray<{
    readonly name: string
    readonly configMap?: { readonly name: string }
    readonly persistentVolumeClaim?: { readonly claimName: string }
  }>
}

export interface SecurityContext {
  readonly [key: string]: unknown
  readonly capabilities?: { readonly add?: readonly string[]; readonly drop?: readonly string[] }
}

export interface Container {
  readonly image: string
  readonly args: readonly string[]
  readonly env?: ReadonlyArray<{
    readonly name: string
    readonly value?: string
    readonly valueFrom?: { readonly secretKeyRef?: { readonly name: string } }
  }>
  readonly securityContext?: SecurityContext
  readonly ports?: ReadonlyArray<{ readonly name: string; readonly containerPort: number; readonly hostPort?: number }>
  readonly volumeMounts: ReadonlyArray<{
    readonly name: string
    readonly mountPath: string
    readonly readOnly?: boolean
    readonly subPath?: string
  }>
  readonly startupProbe?: Probe
  readonly livenessProbe?: Probe
  readonly readinessProbe?: Probe
  readonly lifecycle?: { readonly postStart?: Handler; readonly preStop?: Handler }
}

interface Handler {
  readonly httpGet?: { readonly host?: string; readonly path: string; readonly port: string }
  readonly tcpSocket?: { readonly host?: string }
}

interface Probe extends Handler {
  readonly periodSeconds: number
  readonly failureThreshold: number
}

export interface ConfigMap extends Manifest {
  readonly data: Readonly<Record<string, string>>
}

export interface ServiceAccount extends Manifest {
  readonly automountServiceAccountToken?: boolean
}

export interface Service extends Manifest {
  readonly spec: {
    readonly selector: Labels
    readonly ports: ReadonlyArray<{ readonly name: string; readonly targetPort: string }>
  }
}

export interface NetworkPolicy extends Manifest {
  readonly spec: {
    readonly podSelector: Selector
    readonly ingress: ReadonlyArray<{
      readonly from: readonly unknown[]
      readonly ports: ReadonlyArray<{ readonly port: string }>
    }>
    readonly egress: ReadonlyArray<{
      /** Undefined: anywhere. */
      readonly to?: readonly unknown[]
      readonly ports: ReadonlyArray<{ readonly port: number }>
    }>
  }
}

export interface PodDisruptionBudget extends Manifest {
  readonly spec: { readonly selector: Selector }
}

export interface ServiceMonitor extends Manifest {
  readonly spec: {
    readonly jobLabel: string
    readonly selector: Selector
    readonly endpoints: ReadonlyArray<{ readonly port: string }>
  }
}

export interface PrometheusRule extends Manifest {
  readonly spec: { readonly groups: readonly unknown[] }
}
