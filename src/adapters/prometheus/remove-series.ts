import type { Metric } from 'prom-client'

interface Sample {
  readonly labels: Readonly<Record<string, string | number>>
}

/** Removes every series of a metric whose labels are of something that is gone. */
export const removeSeries = (metric: Metric, isGone: (labels: Sample['labels']) => boolean): void => {
  // prom-client keeps the series of a metric in this property, which its types do not declare.
  const { hashMap } = metric as unknown as { readonly hashMap: Readonly<Record<string, Sample>> }
  for (const { labels } of Object.values(hashMap)) if (isGone(labels)) metric.remove(labels)
}
