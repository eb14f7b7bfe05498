/** A metric that a query names, with the labels that its selector asks for. */
export interface Named {
  readonly metric: string
  readonly labels: readonly string[]
  readonly at: number
}

const METRIC = /\b((?:curfew|process|nodejs)_\w+)(?:\{([^}]*)\})?/g

export const metricsIn = (expr: string): readonly Named[] =>
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

/** What stands between the parenthesis at `from` and its partner. */
const argumentAt = (expr: string, from: number): string => {
  let depth = 0
  for (let at = from; at < expr.length; at++) {
    if (expr[at] === '(') depth++
    if (expr[at] === ')' && --depth === 0) return expr.slice(from + 1, at)
  }
  throw new Error(`a parenthesis stays open in ${expr}`)
}

/** Labels by which something is summed up, and what it is. */
export const groupingsIn = (expr: string) =>
  [...expr.matchAll(/\bby \(([^)]*)\) \(/g)].map(({ 0: text, 1: labels = '', index }) => ({
    labels: listOf(labels),
    argument: argumentAt(expr, index + text.length - 1),
  }))

/** Labels on which two sides meet, with those that one side lends the other. */
export const matchingsIn = (expr: string) =>
  [...expr.matchAll(/\bon \(([^)]*)\)(?: group_left \(([^)]*)\))?/g)].map(({ 1: on = '', 2: lent = '', index }) => ({
    on: listOf(on),
    lent: listOf(lent),
    at: index,
  }))
