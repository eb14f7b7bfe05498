/** A metric in a query, with the labels of its selector and its position. */
export interface MetricUse {
  readonly metric: string
  readonly labels: readonly string[]
  readonly at: number
}

const METRIC = /\b((?:curfew|process|nodejs)_\w+)(?:\{([^}]*)\})?/g

export const metricsIn = (expr: string): readonly MetricUse[] =>
  [...expr.matchAll(METRIC)].map(({ 1: metric = '', 2: selector = '', index }) => ({
    metric,
    labels: [...selector.matchAll(/(\w+)\s*(?:=~|!~|!=|=)/g)].map(([, label = '']) => label),
    at: index,
  }))

const listOf = (labels: string) =>
  labels
    .split(',')
    .map((label) => label.trim())
    .filter((label) => label !== '')

/** The text between the parenthesis at `from` and its closing one. */
const argumentAt = (expr: string, from: number): string => {
  let depth = 0
  for (let at = from; at < expr.length; at++) {
    if (expr[at] === '(') depth++
    if (expr[at] === ')' && --depth === 0) return expr.slice(from + 1, at)
  }
  throw new Error(`a parenthesis is not closed in ${expr}`)
}

/** The labels of each aggregation, and its argument. */
export const groupingsIn = (expr: string) =>
  [...expr.matchAll(/\bby \(([^)]*)\) \(/g)].map(({ 0: text, 1: labels = '', index }) => ({
    labels: listOf(labels),
    argument: argumentAt(expr, index + text.length - 1),
  }))

/** The labels of each vector matching, and those that `group_left` copies. */
export const matchingsIn = (expr: string) =>
  [...expr.matchAll(/\bon \(([^)]*)\)(?: group_left \(([^)]*)\))?/g)].map(({ 1: on = '', 2: lent = '', index }) => ({
    on: listOf(on),
    lent: listOf(lent),
    at: index,
  }))
