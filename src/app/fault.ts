/**
 * An exception that no part expects, in one line for an operator. Its place is in the code that ships, for a report of
 * the fault.
 */
export const faultText = (error: unknown): string => {
  if (!(error instanceof Error)) return `a fault in Curfew: ${String(error)}`
  const [place] = /(?<=^ *at ).+$/m.exec(error.stack ?? '') ?? []
  return `a fault in Curfew, please report it: ${error.name}: ${error.message}${place === undefined ? '' : ` (at ${place})`}`
}
