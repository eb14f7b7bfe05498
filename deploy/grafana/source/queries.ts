const selector = (matchers: readonly string[], more: string) =>
  `{${[...matchers, more].filter((matcher) => matcher !== '').join(', ')}}`

/** A metric of the endpoints that are chosen above. */
export const onEndpoints = (metric: string, matchers = ''): string =>
  metric + selector(['vpn_endpoint=~"$vpn_endpoint"'], matchers)

/** A metric of the endpoints and policies that are chosen above. */
export const ofPolicies = (metric: string, matchers = ''): string =>
  metric + selector(['vpn_endpoint=~"$vpn_endpoint"', 'policy=~"$policy"'], matchers)

/** A metric of the Regions that are chosen above. */
export const inRegions = (metric: string, matchers = ''): string => metric + selector(['region=~"$region"'], matchers)

export const watched = onEndpoints('curfew_endpoint_info')

/** What has no endpoint of its own, of the daemons that watch one of those chosen above. */
export const ofDaemons = (expr: string): string => `(${expr} and on (job, instance) ${watched})`

/** How much a counter of theirs grew within a window, by daemons too that are gone since: a new pod is a new instance. */
export const grownOfDaemons = (counter: string, window = '$__range'): string =>
  `(increase(${counter}[${window}]) and on (job, instance) last_over_time(${watched}[${window}]))`

/** The highest value of each endpoint, under the name that people gave it: two daemons that watch one see the same. */
export const byName = (metric: string): string =>
  `max by (name) (${metric} * on (job, instance, vpn_endpoint) group_left (name) ${watched})`

/** Nothing counts as zero while a daemon watches; without one, nothing is known. */
export const orZeroWhileWatched = (expr: string): string => `${expr} or 0 * count(${watched})`

/** Nothing counts as zero while an endpoint is seen; of a blind one nothing is known. */
export const orZeroWhileSeen = (expr: string): string => `${expr} or 0 * count(${onEndpoints('curfew_connections')})`

/**
 * The sum by a label whose values are mostly idle: only what is above zero, and a line of zero while nothing is.
 * `among` is there even when `expr` is not.
 */
export const orNone = (label: string, expr: string, among = expr): string =>
  `sum by (${label}) (${expr}) > 0 or label_replace(0 * sum(${among}), "${label}", "none", "", "")`

/** How much a counter grew within one bar of a graph; the bars of a range add up to its growth. */
export const perBar = (counter: string): string => `rate(${counter}[$__rate_interval]) * $__interval_ms / 1000`

/** How much a counter grew within the range above. */
export const inRange = (counter: string): string => `increase(${counter}[$__range])`

/** A bucket of a histogram: Prometheus 3 writes the bound as `30.0` what earlier ones keep as `30`. */
export const upTo = (bound: number): string => `le=~"${bound}|${bound}.0"`
