import type { Series } from './prometheus.ts'

/** What is wrong with a query that must have brought data; undefined: nothing. */
const complaint = async (asked: Promise<readonly Series[]>): Promise<string | undefined> => {
  try {
    const found = await asked
    if (found.length === 0) return 'no data'
    return found.some(({ values }) => values.some((value) => !Number.isNaN(value))) ? undefined : 'nothing but NaN'
  } catch (error) {
    return String(error)
  }
}

/** Complains of all queries together, each with where it stands. */
export const complaints = async (
  queries: ReadonlyArray<{ readonly where: string; readonly expr: string }>,
  ask: (expr: string) => Promise<readonly Series[]>,
) => {
  const found: string[] = []
  for (const { where, expr } of queries) {
    const wrong = await complaint(ask(expr))
    if (wrong !== undefined) found.push(`${where}: ${wrong}: ${expr}`)
  }
  return found
}
