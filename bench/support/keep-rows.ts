import { residentMbOf } from './process-cpu.ts'

// Usage: node keep-rows.mjs CONNECTIONS POLLS. Sends the most memory that was resident with the rows of a snapshot, which
// the rows of the next one replace, page by page.
const [, , connections, polls] = process.argv
const PAGE_SIZE = 1000

const rowOf = (at: number, poll: number) => ({
  ConnectionId: `cvpn-connection-${String(at).padStart(17, '0')}`,
  ClientVpnEndpointId: 'cvpn-endpoint-0123456789abcdef0',
  Username: `person-${at}@corp.example`,
  CommonName: `person-${at}@corp.example`,
  ConnectionEstablishedTime: '2026-11-23 11:00:00',
  IngressBytes: String(at + poll),
  EgressBytes: String(at),
  Status: { Code: 'active' },
  PostureComplianceStatuses: ['healthy'],
})

let most = residentMbOf(process.pid)
const kept: object[] = []
for (let poll = 0; poll < Number(polls); poll++) {
  for (let from = 0; from < Number(connections); from += PAGE_SIZE) {
    const page = JSON.stringify(Array.from({ length: PAGE_SIZE }, (_, at) => rowOf(from + at, poll)))
    for (const [at, row] of (JSON.parse(page) as readonly object[]).entries()) kept[from + at] = row
  }
  most = Math.max(most, residentMbOf(process.pid))
}
process.send?.({ most })
process.disconnect?.()
