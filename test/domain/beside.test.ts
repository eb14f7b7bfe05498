import { describe, expect, it } from 'vitest'
import { beside, type Connection } from '../../src/domain/connection.ts'
import { connection, NOON } from './build.ts'

const EARLIER: Required<Connection> = {
  ...connection({ posture: ['healthy'] }),
  endedAt: NOON,
}

const OTHER: { readonly [Field in keyof Connection]-?: NonNullable<Connection[Field]> } = {
  id: 'cvpn-connection-other',
  endpointId: 'cvpn-endpoint-other',
  region: 'eu-west-1',
  username: 'bob',
  commonName: 'bob',
  establishedAt: NOON - 1,
  endedAt: NOON - 1,
  status: 'terminated',
  ingressBytes: 1,
  egressBytes: 1,
  posture: ['compliant'],
}

describe('a row beside the one of an earlier snapshot', () => {
  it('is the earlier one if nothing has changed', () => {
    const row: Connection = { ...EARLIER, posture: ['healthy'] }
    expect(beside(row, EARLIER)).toBe(EARLIER)
  })

  it('is itself if no earlier snapshot showed the connection', () => {
    expect(beside(EARLIER, undefined)).toBe(EARLIER)
  })

  it.each(Object.entries(OTHER))('keeps another %s, and one that is missing', (field, value) => {
    for (const now of [value, undefined]) {
      const row: Connection = { ...EARLIER, posture: ['healthy'], [field]: now }
      expect(beside(row, EARLIER)).not.toBe(EARLIER)
      expect(beside(row, EARLIER)).toEqual(row)
      expect(beside(EARLIER, row)).toEqual(EARLIER)
    }
  })

  it('keeps the statuses of the earlier row where another field has changed', () => {
    const row: Connection = { ...EARLIER, ingressBytes: 7, posture: ['healthy'] }
    expect(beside(row, EARLIER).posture).toBe(EARLIER.posture)
  })
})
