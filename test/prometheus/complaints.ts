import type { Series } from './prometheus.ts'

/** Why the result of a query is not valid data; undefined if it is. */
const complaint = async (result: Promise<readonly Series[]>): Promise<string | undefined> => {
  try {
    const found = await result
    if (found.length === 0) return 'no data'
    return found.some(({ values }) => values.some((value) => !Number.isNaN(value))) ? undefined : 'only NaN'
  } catch (error) {
    return String(error)
  }
}

/** The complaints about all queries, each with its place. */
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
