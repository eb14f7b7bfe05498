import { describe, expect, it } from 'vitest'
import { shown } from '../../scripts/dashboards-preview/field.ts'
import { unitText } from '../../scripts/dashboards-preview/unit-text.ts'

describe('a value of the preview', () => {
  it.each([
    [0, 'none', undefined, '0'],
    [1234.5, 'none', 0, '1235'],
    [0.004, 's', undefined, '4 ms'],
    [90, 's', 1, '1.5 mins'],
    [7200, 's', 0, '2 hours'],
    [0.995, 'percentunit', 1, '99.5%'],
    [3 * 2 ** 20, 'bytes', 0, '3 MiB'],
    [12.5, 'currencyUSD', 2, '$12.50'],
  ])('%d in %s with %s decimals is written as Grafana writes it', (value, unit, decimals, text) => {
    expect(unitText(value, unit, decimals)).toBe(text)
  })

  it('has the colour of its threshold, or the text that replaces it', () => {
    const field = {
      unit: 'none',
      thresholds: {
        steps: [
          { value: null, color: 'green' },
          { value: 1, color: '#123456' },
        ],
      },
      mappings: [{ type: 'special', options: { result: { text: 'BLIND', color: 'red' } } }],
    } as const
    expect(shown(field, 0)).toEqual({ text: '0', colour: 'var(--green)' })
    expect(shown(field, 1)).toEqual({ text: '1', colour: '#123456' })
    expect(shown(field, undefined)).toEqual({ text: 'BLIND', colour: 'var(--red)' })
  })
})
