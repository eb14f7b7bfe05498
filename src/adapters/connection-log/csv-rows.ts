import { parse } from 'csv-parse/sync'

/** One of these is a column of each log: the whole line, or its type beside its other fields. */
const COLUMNS = ['@message', 'connection-log-type']

/** The columns of a CSV file, if this is its first line. */
export const headerOf = (text: string) => {
  if (!COLUMNS.some((column) => text.includes(column))) return undefined
  const header = text.replace(/^\uFEFF/, '').trimEnd()
  const delimiter = [',', ';', '\t'].find((one) => header.includes(one)) ?? ','
  const columns = cellsOf(header, delimiter)
  return columns?.some((column) => COLUMNS.includes(column)) === true ? { header, columns, delimiter } : undefined
}

/** The cells of one line. Undefined if it is no row of CSV: a message has no line break. */
export const cellsOf = (text: string, delimiter: string): readonly string[] | undefined => {
  try {
    return parse(text, { delimiter, relax_column_count: true })[0]
  } catch {
    return undefined
  }
}
