import { readFileSync } from 'node:fs'
import type { Dashboard, Panel } from '@grafana/grafana-foundation-sdk/dashboard'
import { describe, expect, it } from 'vitest'
import { createInstruments } from '../../src/adapters/prometheus/instruments.ts'
import { anchorsOf } from '../docs/pages.ts'
import { allTargetsOf, panelsOf, queriesOf, targetsOf } from './dashboard-queries.ts'
import { groupingsIn, matchingsIn, metricsIn } from './promql-names.ts'

const COLUMNS = 24

/** The labels that Prometheus adds to every scraped series. */
const TARGET = ['job', 'instance']

const { registry } = createInstruments()

/** The labels of a metric, or of a part of a histogram; none if the metric does not exist. */
const labelsOf = (name = ''): readonly string[] => {
  const [, whole = name, part] = /^(.*)_(bucket|count|sum)$/.exec(name) ?? []
  const metric = registry.getSingleMetric(name) ?? registry.getSingleMetric(whole)
  if (metric === undefined) return []
  const { labelNames } = metric as unknown as { readonly labelNames: readonly string[] }
  return [...labelNames, ...TARGET, ...(part === 'bucket' ? ['le'] : [])]
}

const lacks = (existing: readonly string[], required: readonly string[]) =>
  required.some((label) => !existing.includes(label))

const read = (name: string) => JSON.parse(readFileSync(`deploy/grafana/dashboards/${name}.json`, 'utf8')) as Dashboard

const placeOf = ({ title, gridPos }: Pick<Panel, 'title' | 'gridPos'>) => {
  if (gridPos === undefined) throw new Error(`the panel ${title} has no position`)
  return gridPos
}

const isGraph = (type: string) => type === 'timeseries'

const unique = (values: readonly unknown[]) => new Set(values).size === values.length

/** The data sources of a dashboard. Each is a variable, so that the reader chooses it. */
const SOURCES: Readonly<Record<string, readonly string[]>> = {
  'connect-handler': ['${datasource}', '${cloudwatch}'],
  operations: ['${datasource}'],
  people: ['${database}'],
  policies: ['${datasource}'],
}

describe.each(Object.keys(SOURCES))('the dashboard %s', (name) => {
  const dashboard = read(name)
  const panels = panelsOf(dashboard)
  /** The titles of the panels that fail a check. */
  const titlesFailing = (isSound: (panel: Panel) => boolean) =>
    panels.filter((panel) => !isSound(panel)).map(({ title }) => title)
  describe('its layout', () => {
    const all = dashboard.panels ?? []
    /** The panels that are seen at first, and those of each folded row. */
    const grids = [all, ...all.flatMap((panel) => ('panels' in panel && panel.panels?.length ? [panel.panels] : []))]

    it.each(grids.map((grid) => ({ title: grid[0]?.title, grid })))(
      'fills every cell of 24 columns with exactly one panel, from $title on',
      ({ grid }) => {
        const places = grid.map((panel) => placeOf(panel as Panel))
        const cells = places.flatMap(({ x, y, w, h }) =>
          Array.from({ length: w * h }, (_, cell) => `${x + (cell % w)},${y + Math.floor(cell / w)}`),
        )
        expect(unique(cells)).toBe(true)
        expect(Math.max(...places.map(({ x, w }) => x + w))).toBe(COLUMNS)
        const top = Math.min(...places.map(({ y }) => y))
        expect(cells.length).toBe(COLUMNS * (Math.max(...places.map(({ y, h }) => y + h)) - top))
      },
    )

    it('shows at most 24 panels before a row is unfolded', () => {
      expect(all.filter(({ type }) => type !== 'row').length).toBeLessThanOrEqual(24)
    })

    it('starts with a heading, and has no panel smaller than 4 by 4', () => {
      expect(dashboard.panels?.[0]?.type).toBe('row')
      expect(titlesFailing((panel) => placeOf(panel).w >= 4 && placeOf(panel).h >= 4)).toEqual([])
    })
  })

  describe('its panels', () => {
    it('have unique titles and ids', () => {
      expect(panels.length).toBeGreaterThan(10)
      const all = (dashboard.panels ?? []).flatMap((one) => [one, ...('panels' in one ? (one.panels ?? []) : [])])
      expect(unique(all.map(({ title }) => title))).toBe(true)
      expect(unique(all.map(({ id }) => id))).toBe(true)
      expect(all.filter(({ id, title }) => !(Number(id) > 0 && title))).toEqual([])
    })

    it('have a description and a unit', () => {
      expect(titlesFailing(({ description }) => /^[A-Z].{20,}\.$/.test(description ?? ''))).toEqual([])
      expect(titlesFailing(({ fieldConfig }) => Boolean(fieldConfig?.defaults.unit))).toEqual([])
    })

    it('link to a heading of the runbook, or of the page of the connect handler', () => {
      const links = Object.entries({
        runbook_base: 'docs/runbook.md',
        connect_handler_page: 'docs/connect-handler.md',
      }).flatMap(([variable, page]) => anchorsOf(page).map((anchor) => `\${${variable}:raw}#${anchor}`))
      expect(titlesFailing((panel) => links.includes(panel.links?.[0]?.url ?? ''))).toEqual([])
    })

    it('have queries with unique ids, to a selected data source', () => {
      expect(titlesFailing((panel) => allTargetsOf(panel).length > 0)).toEqual([])
      expect(titlesFailing((panel) => unique(allTargetsOf(panel).map(({ refId }) => refId)))).toEqual([])
      expect(titlesFailing((panel) => allTargetsOf(panel).every(({ refId }) => /^[A-Z]$/.test(refId)))).toEqual([])
      expect(titlesFailing(({ datasource }) => SOURCES[name]?.includes(datasource?.uid ?? '') === true)).toEqual([])
      expect(
        titlesFailing((panel) =>
          allTargetsOf(panel).every(({ datasource }) => datasource?.uid === panel.datasource?.uid),
        ),
      ).toEqual([])
    })

    it('query a range only in graphs: elsewhere a range would show the last value of a blind endpoint', () => {
      expect(
        titlesFailing((panel) => targetsOf(panel).every(({ instant }) => isGraph(panel.type) !== instant)),
      ).toEqual([])
    })

    it('name every line of a graph', () => {
      expect(
        titlesFailing((panel) => !isGraph(panel.type) || targetsOf(panel).every(({ legendFormat }) => legendFormat)),
      ).toEqual([])
    })
  })

  it('uses every variable', () => {
    const used = new Set(JSON.stringify(dashboard).match(/(?<=\$\{?)[a-z]\w*/g))
    expect(new Set(dashboard.templating.list?.map((variable) => variable.name))).toEqual(used)
  })
})

describe.each(['connect-handler', 'operations', 'policies'])('the dashboard %s', (name) => {
  const dashboard = read(name)
  const queries = panelsOf(dashboard).flatMap(targetsOf)
  /** The queries that match a problem. */
  const queriesWith = (isWrong: (expr: string) => boolean) => queries.map(({ expr }) => expr).filter(isWrong)

  describe('its queries', () => {
    it('select existing metrics by existing labels', () => {
      expect(queriesWith((expr) => metricsIn(expr).length === 0)).toEqual([])
      expect(queriesWith((expr) => metricsIn(expr).some(({ metric }) => labelsOf(metric).length === 0))).toEqual([])
      expect(
        queriesWith((expr) => metricsIn(expr).some(({ metric, labels }) => lacks(labelsOf(metric), labels))),
      ).toEqual([])
    })

    it('group by existing labels', () => {
      const isGroupedByMissingLabel = ({ labels, argument }: ReturnType<typeof groupingsIn>[number]) => {
        const lent = matchingsIn(argument).flatMap((matching) => matching.lent)
        return lacks([...labelsOf(metricsIn(argument)[0]?.metric), ...lent], labels)
      }
      expect(queries.flatMap(({ expr }) => groupingsIn(expr)).length).toBeGreaterThan(5)
      expect(queriesWith((expr) => groupingsIn(expr).some(isGroupedByMissingLabel))).toEqual([])
    })

    it('match on labels of both sides', () => {
      const isMatchedOnMissingLabel = (expr: string) =>
        matchingsIn(expr).some(({ on, lent, at }) => {
          const left = metricsIn(expr).findLast((metric) => metric.at < at)
          const right = metricsIn(expr).find((metric) => metric.at > at)
          return (
            on.length > 0 && (lacks(labelsOf(left?.metric), on) || lacks(labelsOf(right?.metric), [...on, ...lent]))
          )
        })
      expect(queriesWith((expr) => matchingsIn(expr).length > 0)).not.toEqual([])
      expect(queriesWith(isMatchedOnMissingLabel)).toEqual([])
    })

    it('keep the labels of their legends', () => {
      const dropsLabel = ({ expr, legendFormat = '' }: (typeof queries)[number]) => {
        const groupings = groupingsIn(expr)
        const kept =
          groupings.length > 0 ? groupings.flatMap(({ labels }) => labels) : labelsOf(metricsIn(expr)[0]?.metric)
        return lacks(
          kept,
          [...legendFormat.matchAll(/\{\{(\w+)\}\}/g)].map(([, label = '']) => label),
        )
      }
      expect(queries.filter(dropsLabel)).toEqual([])
    })

    it('use the selected endpoint or Region', () => {
      expect(queriesWith((expr) => !/\$(vpn_endpoint|region)\b/.test(expr))).toEqual([])
    })

    it('can be filled with values', () => {
      const filled = queriesOf(dashboard, {
        variables: { vpn_endpoint: ['cvpn-endpoint-0123456789abcdef0'] },
        rangeMs: 21_600_000,
        intervalMs: 15_000,
        scrapeIntervalMs: 15_000,
      })
      expect(filled.length).toBe(queries.length + 1)
      expect(filled.filter(({ expr }) => expr.includes('$'))).toEqual([])
    })
  })
})

describe('a query filled with values', () => {
  const dashboard = (expr: string, interval?: string) =>
    ({
      title: 'one',
      templating: {
        list: [
          { name: 'policy', type: 'query', multi: true, includeAll: true, allValue: '.+' },
          { name: 'vpn_endpoint', type: 'query', multi: true, includeAll: true },
          { name: 'price', type: 'textbox', query: '0.05' },
        ],
      },
      annotations: {},
      panels: [{ type: 'stat', title: 'p', targets: [{ refId: 'A', expr }], ...(interval && { interval }) }],
    }) as unknown as Dashboard

  const filled = (
    expr: string,
    variables: Readonly<Record<string, string | readonly string[]>> = {},
    interval?: string,
  ) =>
    queriesOf(dashboard(expr, interval), {
      variables,
      rangeMs: 3_600_000,
      intervalMs: 30_000,
      scrapeIntervalMs: 15_000,
    })[0]?.expr

  it('escapes one selected value or several', () => {
    expect(filled('up{policy=~"$policy"}', { policy: ['a.b'] })).toBe('up{policy=~"a\\\\.b"}')
    expect(filled('up{policy=~"${policy}"}', { policy: ['a.b', 'c|d'] })).toBe('up{policy=~"(a\\\\.b|c\\\\|d)"}')
  })

  it('uses defaults: the pattern of "All", and the text of a box', () => {
    expect(filled('up{policy=~"$policy"} * $price')).toBe('up{policy=~".+"} * 0.05')
    expect(filled('$price', { price: '0.1' })).toBe('0.1')
  })

  it('has the range and the interval, and a rate interval of at least four scrapes', () => {
    expect(filled('[$__range] [$__interval] $__interval_ms')).toBe('[3600s] [30000ms] 30000')
    expect(filled('[$__rate_interval]')).toBe('[60000ms]')
    expect(filled('[$__rate_interval] $__interval_ms', {}, '1m')).toBe('[75000ms] 60000')
  })

  it('fails if a variable has no value', () => {
    expect(() => filled('$nobody')).toThrow('$nobody')
    expect(() => filled('$vpn_endpoint')).toThrow('$vpn_endpoint')
  })
})
