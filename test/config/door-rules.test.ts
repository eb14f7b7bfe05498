import { describe, expect, it } from 'vitest'
import { doorRulesOf } from '../../src/config/door-rules.ts'
import { loadConfiguration } from '../../src/config/load.ts'
import { GOOD_CURFEW, GOOD_TREE } from './good-configuration.ts'
import { memoryFiles } from './memory-files.ts'

const load = (curfew = GOOD_CURFEW) => {
  const { configuration } = loadConfiguration(memoryFiles({ ...GOOD_TREE, 'curfew.yaml': curfew }), 'curfew.yaml')
  if (configuration === undefined) throw new Error('the configuration is refused')
  return configuration
}

describe('the rules of the connect handler', () => {
  const configuration = load()
  const rules = doorRulesOf(configuration, {})

  it('have what the file says for the handler, the protected users and the names of endpoints', () => {
    const { mode, onError, posture, protect, endpointNames, timeZone, policySetHash, showNames } = rules
    expect({ mode, onError, posture }).toEqual({ ...configuration.connectHandler, onError: 'allow' })
    expect(protect).toEqual(configuration.protect)
    expect(endpointNames).toEqual(new Map([['cvpn-endpoint-0123456789abcdef1', 'berlin']]))
    expect({ timeZone, policySetHash, showNames }).toEqual({
      timeZone: 'Europe/Berlin',
      policySetHash: configuration.policySetHash,
      showNames: true,
    })
  })

  it('take the mode of the file, and allow on an error, unless something else is said', () => {
    const plain = load(GOOD_CURFEW.replace(/^connectHandler:\n( .*\n)+/m, ''))
    expect(doorRulesOf(plain, {})).toMatchObject({ mode: 'enforce', onError: 'allow', posture: [] })
    expect(doorRulesOf(plain, { onError: 'deny' })).toMatchObject({ mode: 'enforce', onError: 'deny' })
    expect(doorRulesOf(configuration, { mode: 'enforce', onError: 'allow' })).toMatchObject({
      mode: 'enforce',
      onError: 'allow',
    })
  })

  it('deny nobody in audit mode, not on an error either', () => {
    expect(doorRulesOf(configuration, { mode: 'audit', onError: 'deny' })).toMatchObject({
      mode: 'audit',
      onError: 'allow',
    })
  })

  it('show no names if the log of the daemon has pseudonyms', () => {
    const hidden = load(GOOD_CURFEW.replace('{ level: debug }', '{ pseudonymKey: { env: KEY } }'))
    expect(doorRulesOf(hidden, {}).showNames).toBe(false)
  })
})
