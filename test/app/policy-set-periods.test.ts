import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createPolicySetPeriods } from '../../src/app/policy-set-periods.ts'

type Short = readonly [event: string, hash: string, because?: string]

/** The periods as `HASH FROM-UNTIL`. The time of a record is its place in the list, in seconds. */
const periodsOf = (short: readonly Short[]) => {
  const found = createPolicySetPeriods()
  for (const [index, [event, policySetHash, because]] of short.entries()) {
    const time = new Date(index * 1000).toISOString()
    found.read({ seq: index + 1, time, event, policySetHash, ...(because === undefined ? {} : { because }) })
  }
  const second = (iso: string | undefined) => (iso === undefined ? '' : Date.parse(iso) / 1000)
  return found.periods().map(({ policySetHash, from, until }) => `${policySetHash} ${second(from)}-${second(until)}`)
}

describe('the periods of policy sets', () => {
  it('last until the next set, a stop or another start', () => {
    expect(
      periodsOf([
        ['start', 'a'],
        ['policy-set', 'a'],
        ['reload', 'b'],
        ['stop', 'b'],
        ['start', 'b'],
        ['start', 'b'],
      ]),
    ).toEqual(['a 0-2', 'b 2-3', 'b 4-5', 'b 5-'])
  })

  it('go on over a reload that changes neither the set nor the mode', () => {
    expect(
      periodsOf([
        ['start', 'a', 'enforce'],
        ['reload', 'a', 'enforce'],
        ['reload', 'a', 'audit'],
      ]),
    ).toEqual(['a 0-2', 'a 2-'])
  })

  it('begin with the text of a set if its start is in a file that was removed', () => {
    expect(
      periodsOf([
        ['policy-set', 'a'],
        ['policy-set', 'a'],
        ['reload', 'b'],
      ]),
    ).toEqual(['a 0-2', 'b 2-'])
    expect(periodsOf([['stop', 'a']])).toEqual([])
  })

  it('never overlap, and name at each instant the set of the newest start or reload', () => {
    const event = fc.constantFrom('start', 'reload', 'stop')
    fc.assert(
      fc.property(fc.array(fc.tuple(event, fc.constantFrom('a', 'b'))), (short) => {
        const found = periodsOf(short)
        for (let at = 0; at < short.length; at++) {
          const [what, hash] = short[at] ?? []
          const inForce = found.filter((text) => {
            const [from = '', until = ''] = text.slice(2).split('-')
            return Number(from) <= at && (until === '' || at < Number(until))
          })
          expect(inForce.map((text) => text[0])).toEqual(what === 'stop' ? [] : [hash])
        }
      }),
    )
  })
})
