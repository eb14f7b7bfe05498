import type { Vpn } from '../../src/app/vpn.ts'

/** Lookups that read the whole list of the moment, as the test has it, and filter it as AWS does. */
export const filtered =
  (vpn: Pick<Vpn, 'snapshot'>): Vpn['lookUp'] =>
  async (endpointId, ids, signal) => {
    const { begunAt, completedAt, connections } = await vpn.snapshot(endpointId, signal)
    const asked = new Set(ids)
    return { endpointId, asked: ids, begunAt, completedAt, connections: connections.filter(({ id }) => asked.has(id)) }
  }
