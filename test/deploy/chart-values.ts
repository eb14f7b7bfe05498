/** Values of the chart that differ from the defaults, all that go together. */
export const EVERYTHING = {
  nameOverride: 'vpn',
  image: {
    repository: 'registry.corp.example/vpn',
    tag: '1.2.3',
    digest: '',
    pullPolicy: 'Always',
    pullSecrets: [{ name: 'registry' }],
  },
  config: {
    mode: 'enforce',
    watch: [{ region: 'eu-central-1', discover: { tags: { 'vpn-policy': 'enforced' } } }],
    server: { port: 9000, tls: { certFile: '/etc/curfew-secrets/crt', keyFile: '/etc/curfew-secrets/key' } },
  },
  policies: {
    'leavers.yaml': null,
    'more.yaml': 'version: 1\npolicies: [{ name: more, kind: max-session-age, maxAge: 20h }]\n',
  },
  existingSecret: 'curfew-secrets',
  env: [{ name: 'HTTPS_PROXY', value: 'http://proxy.corp.example:3128' }],
  envFrom: [{ secretRef: { name: 'curfew-env' } }],
  extraVolumes: [{ name: 'ca', configMap: { name: 'proxy-ca' } }],
  extraVolumeMounts: [{ name: 'ca', mountPath: '/etc/proxy-ca', readOnly: true }],
  serviceAccount: {
    name: 'vpn-account',
    annotations: { 'eks.amazonaws.com/role-arn': 'arn:aws:iam::111122223333:role/vpn' },
  },
  podIdentity: { enabled: true },
  persistence: {
    size: '5Gi',
    storageClassName: 'gp3',
    accessMode: 'ReadWriteOncePod',
    keep: false,
    annotations: { backup: 'daily' },
  },
  networkPolicy: {
    from: [{ podSelector: { matchLabels: { app: 'vmagent' } } }],
    egress: [{ ports: [{ port: 3128, protocol: 'TCP' }] }],
  },
  serviceMonitor: {
    enabled: true,
    interval: '15s',
    labels: { release: 'monitoring' },
    tlsConfig: { serverName: 'curfew.corp.example' },
  },
  prometheusRule: { enabled: true, labels: { release: 'monitoring' }, runbookUrl: 'https://wiki.corp.example/runbook' },
  dashboards: {
    enabled: true,
    names: ['operations', 'policies', 'people', 'connect-handler'],
    labels: { grafana_dashboard: 'yes' },
    annotations: { grafana_folder: 'VPN' },
  },
  probes: {
    startup: { periodSeconds: 10, failureThreshold: 30 },
    liveness: { periodSeconds: 20, timeoutSeconds: 6, failureThreshold: 5 },
    readiness: { periodSeconds: 12, timeoutSeconds: 7 },
  },
  resources: { requests: { cpu: '1', memory: '512Mi' }, limits: { memory: '2Gi' } },
  user: 10_001,
  podAnnotations: { team: 'network' },
  podLabels: { floor: 'third' },
  nodeSelector: { 'kubernetes.io/arch': 'amd64' },
  tolerations: [{ key: 'node.kubernetes.io/unreachable', operator: 'Exists', tolerationSeconds: 30 }],
  affinity: { nodeAffinity: { preferredDuringSchedulingIgnoredDuringExecution: [] } },
  priorityClassName: 'important',
}

/** Values about replicas that differ from the defaults. */
export const REPLICAS = {
  replicas: {
    count: 5,
    existingSecret: 'vpn-database',
    caConfigMap: 'vpn-database-ca',
    network: { port: 6432, blocks: [{ cidr: '10.1.0.0/16', except: ['10.1.9.0/24'] }] },
    migrate: { existingSecret: 'vpn-owner', ttlSecondsAfterFinished: 60 },
  },
}

/** Values by which the chart uses objects that it did not make, and makes as few as it can. */
export const OF_OTHERS = {
  fullnameOverride: 'warden',
  existingConfigMap: 'their-config',
  existingPoliciesConfigMap: 'their-policies',
  serviceAccount: { create: false },
  replicas: { caConfigMap: '', migrate: { enabled: false } },
  networkPolicy: { enabled: false },
  image: { digest: `sha256:${'1'.repeat(64)}` },
  stopped: true,
  user: null,
}
