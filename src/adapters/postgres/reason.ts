/** Why a connection failed, in one line. The messages of `pg` and of the system name no password. */
export const reasonOf = (error: unknown): string => {
  // A host with several addresses fails with one error for each of them, and no text of its own.
  if (error instanceof AggregateError && error.message === '') return reasonOf(error.errors[0])
  const text = error instanceof Error ? error.message : String(error)
  return text.split('\n', 1)[0] ?? ''
}
