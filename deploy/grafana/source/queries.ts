const selector = (matchers: readonly string[], more: string) =>
  `{${[...matchers, more].filter((matcher) => matcher !== '').join(', ')}}`

/** A metric of the selected endpoints. */
export const onEndpoints = (metric: string, matchers = ''): string =>
  metric + selector(['vpn_endpoint=~"$vpn_endpoint"'], matchers)

/** A metric of the selected endpoints and policies. */
export const ofPolicies = (metric: string, matchers = ''): string =>
  metric + selector(['vpn_endpoint=~"$vpn_endpoint"', 'policy=~"$policy"'], matchers)

/** A metric of the selected Regions. */
export const inRegions = (metric: string, matchers = ''): string => metric + selector(['region=~"$region"'], matchers)

export const watched = onEndpoints('curfew_endpoint_info')

/** A metric without an endpoint, from the daemons that watch a selected endpoint. */
export const ofDaemons = (expr: string): string => `(${expr} and on (job, instance) ${watched})`

/** The increase of such a counter within a window, including daemons that are gone: a new pod is a new instance. */
export const grownOfDaemons = (counter: string, window = '$__range'): string =>
  `(increase(${counter}[${window}]) and on (job, instance) last_over_time(${watched}[${window}]))`

/** The highest value of each endpoint, by its configured name: two daemons that watch one endpoint see the same. */
export const byName = (metric: string): string =>
  `max by (name) (${metric} * on (job, instance, vpn_endpoint) group_left (name) ${watched})`

/**
 * A gauge of each endpoint once: for one scrape two replicas may show an endpoint that moves between them, and two daemons
 * that watch one endpoint always do.
 */
export const once = (gauge: string, ...labels: readonly string[]): string =>
  `max by (${['vpn_endpoint', ...labels].join(', ')}) (${gauge})`

/** No data counts as zero while a daemon watches; without a daemon the value is unknown. */
export const orZeroWhileWatched = (expr: string): string => `${expr} or 0 * count(${watched})`

/** No data counts as zero while an endpoint is seen; while it is blind the value is unknown. */
export const orZeroWhileSeen = (expr: string): string => `${expr} or 0 * count(${onEndpoints('curfew_connections')})`

/**
 * The sum by a label, without values that are zero. If all are zero, one line "none" of zero. `among` has data even
 * when `expr` has none.
 */
export const orNone = (label: string, expr: string, among = expr): string =>
  `sum by (${label}) (${expr}) > 0 or label_replace(0 * sum(${among}), "${label}", "none", "", "")`

/** The increase of a counter within one bar of a graph; the bars add up to the increase in the range. */
export const perBar = (counter: string): string => `rate(${counter}[$__rate_interval]) * $__interval_ms / 1000`

/** The increase of a counter within the selected range. */
export const inRange = (counter: string): string => `increase(${counter}[$__range])`

/** The bucket of a histogram: Prometheus 3 writes the bound as `30.0`, earlier versions as `30`. */
export const upTo = (bound: number): string => `le=~"${bound}|${bound}.0"`
