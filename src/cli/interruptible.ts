const SIGNALS = ['SIGINT', 'SIGTERM'] as const

/**
 * Does work that SIGINT or SIGTERM stops. The process then ends by that signal, but not before the work has removed what
 * it had not finished.
 */
export const interruptible = async <Result>(work: (signal: AbortSignal) => Promise<Result>): Promise<Result> => {
  const stop = new AbortController()
  const onSignal = (name: NodeJS.Signals) => stop.abort(name)
  for (const name of SIGNALS) process.once(name, onSignal)
  try {
    return await work(stop.signal)
  } finally {
    for (const name of SIGNALS) process.removeListener(name, onSignal)
    if (stop.signal.aborted) process.kill(process.pid, stop.signal.reason as NodeJS.Signals)
  }
}
