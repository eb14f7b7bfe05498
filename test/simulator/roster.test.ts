import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { ConnectionRow } from '../../src/simulator/connection-row.ts'
import { createRoster } from '../../src/simulator/roster.ts'

const row = (order: number, username: string | undefined): ConnectionRow => ({
  connectionId: `cvpn-connection-${order}`,
  client: {
    username,
    commonName: '',
    posture: [],
    ingressPerSecond: 0,
    egressPerSecond: 0,
    reconnectAfter: undefined,
    leavesAt: 0,
  },
  clientIp: '10.64.0.2',
  establishedAt: 0,
  order,
  status: 'active',
  silentAt: 0,
  endedAt: 0,
  extraIngressBytes: 0,
  extraEgressBytes: 0,
})

describe('a roster', () => {
  it('lists its rows in the order in which they were added, after any removals', () => {
    const step = fc.record({
      add: fc.integer({ min: 0, max: 900 }),
      removeEvery: fc.integer({ min: 1, max: 5 }),
      from: fc.nat(4000),
    })
    fc.assert(
      fc.property(fc.array(step, { maxLength: 6 }), (steps) => {
        const roster = createRoster()
        let expected: ConnectionRow[] = []
        let order = 0
        for (const { add, removeEvery, from } of steps) {
          for (let count = 0; count < add; count++) {
            const added = row(order, order % 3 === 0 ? undefined : `user-${order % 7}`)
            roster.add(added)
            expected.push(added)
            order += 2
          }
          const isRemoved = (_: unknown, index: number) => index % removeEvery !== 0
          for (const removed of expected.filter(isRemoved)) roster.remove(removed)
          expected = expected.filter((_, index) => !isRemoved(_, index))

          const orders = (rows: Iterable<ConnectionRow>) => Array.from(rows, (listed) => listed.order)
          expect(orders(roster.after(from))).toEqual(orders(expected.filter((listed) => listed.order > from)))
          expect(orders(roster.ofUser('user-2'))).toEqual(
            orders(expected.filter((listed) => listed.client.username === 'user-2')),
          )
          expect(roster.get(`cvpn-connection-${from}`)).toBe(expected.find((listed) => listed.order === from))
        }
      }),
      { numRuns: 50 },
    )
  })
})
