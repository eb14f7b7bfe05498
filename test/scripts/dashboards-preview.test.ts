import { readFileSync } from 'node:fs'
import type { Dashboard } from '@grafana/grafana-foundation-sdk/dashboard'
import { describe, expect, it } from 'vitest'
import { shown } from '../../scripts/dashboards-preview/field.ts'
import { draw, page } from '../../scripts/dashboards-preview/page.ts'
import { reduced } from '../../scripts/dashboards-preview/reduced.ts'
import { sampleRange, samplesOf } from '../../scripts/dashboards-preview/sample.ts'
import { unitText } from '../../scripts/dashboards-preview/unit-text.ts'
import { cloudWatchTargetsOf, panelsOf } from '../house/dashboard-queries.ts'

describe('a value of the preview', () => {
  it.each([
    [0, 'none', undefined, '0'],
    [1234.5, 'none', 0, '1235'],
    [0.004, 's', undefined, '4 ms'],
    [0, 'ms', 1, '0 ms'],
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

describe('the samples in the place of CloudWatch', () => {
  it('draw a mark in each panel that asks CloudWatch, and the page says that they are samples', () => {
    const dashboard = JSON.parse(readFileSync('deploy/grafana/dashboards/connect-handler.json', 'utf8')) as Dashboard
    const range = sampleRange(Date.UTC(2026, 10, 30, 12))
    const samples = samplesOf(dashboard, range)
    const asking = panelsOf(dashboard).filter((panel) => cloudWatchTargetsOf(panel).length > 0)
    const drawn = asking.map((panel) => draw(panel, samples.get(panel.title ?? '') ?? [], range))
    expect(asking.filter((_, index) => drawn[index]?.marks === 0).map(({ title }) => title)).toEqual([])
    expect(samples.size).toBe(asking.length)
    const text = page({ panels: [{ type: 'row' }, asking[0]] } as unknown as Dashboard, () => ({
      ...(drawn[0] ?? { content: '', marks: 0 }),
      isSample: true,
    }))
    expect(text).toContain('sample values')
  })

  it('have the sum or the highest of a line where the tile asks for that', () => {
    expect(reduced('sum', [1, 2, 3])[1]).toBe(6)
    expect(reduced('max', [1, 3, 2])[1]).toBe(3)
    expect(reduced('lastNotNull', [1, 3, 2])[1]).toBe(2)
  })
})
