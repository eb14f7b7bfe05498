/** A scrape job like the one in `deploy/prometheus/prometheus.yaml`. */
export const byHand = (address: string) => ({ job_name: 'curfew', static_configs: [{ targets: [address] }] })

const copy = (from: string, to: string) => ({ source_labels: [from], target_label: to })

const KIND_AND_NAME = ['kind', 'name'].map((part) => `__meta_kubernetes_endpoint_address_target_${part}`)
const copyNameOf = (kind: string, to: string) => ({
  source_labels: KIND_AND_NAME,
  regex: `${kind};(.*)`,
  target_label: to,
})

/**
 * The discovered labels of a pod behind a Service, and the relabelling that the Prometheus Operator makes from a
 * ServiceMonitor.
 */
export const byServiceMonitor = (address: string) => ({
  job_name: 'serviceMonitor/vpn/curfew/0',
  honor_labels: false,
  static_configs: [
    {
      targets: [address],
      labels: {
        __meta_kubernetes_namespace: 'vpn',
        __meta_kubernetes_service_name: 'curfew',
        __meta_kubernetes_endpoint_address_target_kind: 'Pod',
        __meta_kubernetes_endpoint_address_target_name: 'curfew-0',
        __meta_kubernetes_pod_name: 'curfew-0',
        __meta_kubernetes_pod_container_name: 'curfew',
      },
    },
  ],
  relabel_configs: [
    copyNameOf('Node', 'node'),
    copyNameOf('Pod', 'pod'),
    copy('__meta_kubernetes_namespace', 'namespace'),
    copy('__meta_kubernetes_service_name', 'service'),
    copy('__meta_kubernetes_pod_name', 'pod'),
    copy('__meta_kubernetes_pod_container_name', 'container'),
    copy('__meta_kubernetes_service_name', 'job'),
    { target_label: 'endpoint', replacement: 'metrics' },
  ],
})

/** The labels that a ServiceMonitor adds to every series. */
export const SERVICE_MONITOR_LABELS = {
  namespace: 'vpn',
  service: 'curfew',
  pod: 'curfew-0',
  container: 'curfew',
  job: 'curfew',
  endpoint: 'metrics',
}
