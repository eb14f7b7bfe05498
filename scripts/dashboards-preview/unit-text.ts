type Scale = readonly (readonly [from: number, size: number, suffix: string])[]

const SECONDS: Scale = [
  [0, 1e-6, ' µs'],
  [1e-3, 1e-3, ' ms'],
  [1, 1, ' s'],
  [60, 60, ' mins'],
  [3600, 3600, ' hours'],
  [86_400, 86_400, ' days'],
  [604_800, 604_800, ' weeks'],
  [31_536_000, 31_536_000, ' years'],
]

const BYTES: Scale = [
  [0, 1, ' B'],
  [2 ** 10, 2 ** 10, ' KiB'],
  [2 ** 20, 2 ** 20, ' MiB'],
  [2 ** 30, 2 ** 30, ' GiB'],
]

/** The units of the dashboards, by the ids of Grafana. */
const SCALES: Readonly<Record<string, Scale>> = {
  none: [[0, 1, '']],
  s: SECONDS,
  ms: SECONDS.map(([from, size, suffix]) => [from * 1000, size * 1000, suffix]),
  bytes: BYTES,
  percentunit: [[0, 0.01, '%']],
  reqps: [[0, 1, ' req/s']],
  currencyUSD: [[0, 1, '']],
}

/** About three digits that count, as Grafana chooses them for a value without set decimals. */
const decimalsOf = (value: number): number => {
  if (value === 0 || Number.isInteger(value)) return 0
  const power = Math.floor(Math.log10(Math.abs(value)))
  const isAboveQuarter = Math.abs(value) / 10 ** power > 2.25
  return Math.min(6, Math.max(0, 1 - power + (isAboveQuarter ? 1 : 0)))
}

/** A value as Grafana writes it: the unit grows with the value, and set decimals hold after that. */
export const unitText = (value: number, unit: string, decimals?: number): string => {
  const scale = SCALES[unit]
  if (scale === undefined) throw new Error(`the unit ${unit} is unknown to the preview: add it to unit-text.ts`)
  // Grafana writes no small unit after a zero.
  if (value === 0 && (unit === 's' || unit === 'ms')) return `0 ${unit}`
  const [, size, suffix] = scale.findLast(([from]) => from <= Math.abs(value)) ?? [0, 1, '']
  const scaled = value / size
  return `${unit === 'currencyUSD' ? '$' : ''}${scaled.toFixed(decimals ?? decimalsOf(scaled))}${suffix}`
}
