const line = (id: string) => ({
  'connection-log-type': 'connection-attempt',
  'connection-attempt-status': 'successful',
  'connection-reset-status': 'NA',
  'connection-attempt-failure-reason': 'NA',
  'connection-id': `cvpn-connection-${id}`,
  'client-vpn-endpoint-id': 'cvpn-endpoint-0123456789abcdef0',
  'transport-protocol': 'udp',
  'connection-start-time': '2026-11-02 08:00:00',
  'connection-last-update-time': '2026-11-02 08:00:00',
  'client-ip': '10.0.1.2',
  'common-name': 'laptop-7.corp.example',
  'device-type': 'mac',
  'device-ip': '198.51.100.82',
  port: '50096',
  'ingress-bytes': '0',
  'egress-bytes': '0',
  'ingress-packets': '0',
  'egress-packets': '0',
  'connection-end-time': 'NA',
  'connection-duration-seconds': 'NA',
  username: 'zoë {"quoted"}@corp.example',
})

/** A line of the connection log: a connection is established. */
export const attempt = (id: string) => line(id)

/** A line of the connection log: the connection ends. */
export const reset = (id: string): ReturnType<typeof line> => ({
  ...line(id),
  'connection-log-type': 'connection-reset',
  'connection-attempt-status': 'NA',
  'connection-last-update-time': '2026-11-02 17:30:00',
  'ingress-bytes': '21017',
  'egress-bytes': '16438',
  'connection-end-time': '2026-11-02 17:30:00',
  'connection-duration-seconds': '34200',
})
