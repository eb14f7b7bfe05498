/** Calls `listener` once the signal is aborted: at once if it already is, which `addEventListener` alone would miss. */
export const onAborted = (signal: AbortSignal, listener: () => void): void => {
  if (signal.aborted) listener()
  else signal.addEventListener('abort', listener, { once: true })
}
