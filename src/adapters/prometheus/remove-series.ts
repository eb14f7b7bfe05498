import type { Metric } from 'prom-client'

interface Sample {
  readonly labels: Readonly<Record<string, string | number>>
}

/** prom-client keeps the series of a metric in this property, which its types do not declare. */
const seriesOf = (metric: Metric): readonly Sample[] =>
  Object.values((metric as unknown as { readonly hashMap: Readonly<Record<string, Sample>> }).hashMap)

export const hasSeries = (metric: Metric, isOf: (labels: Sample['labels']) => boolean): boolean =>
  seriesOf(metric).some(({ labels }) => isOf(labels))

/** Removes every series of a metric whose labels are of something that is gone. */
export const removeSeries = (metric: Metric, isGone: (labels: Sample['labels']) => boolean): void => {
  for (const { labels } of seriesOf(metric)) if (isGone(labels)) metric.remove(labels)
}
