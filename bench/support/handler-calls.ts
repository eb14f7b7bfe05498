import { pathToFileURL } from 'node:url'

// Usage: node handler-calls.mjs first HANDLER EVENT, or node handler-calls.mjs warm CALLS EVENTS HANDLER…
// `first` sends when it had the answer, and the CPU time that it had used by then. `warm` calls the handlers in turn, and
// sends the milliseconds of each call. The log of the handlers goes to stdout.

type Handler = (event: unknown, context: object) => Promise<unknown>

const CONTEXT = { functionName: 'AWSClientVPN-bench', getRemainingTimeInMillis: () => 30_000 }

const load = async (path: string) => ((await import(pathToFileURL(path).href)) as { readonly handler: Handler }).handler

const [, , what, ...args] = process.argv

if (what === 'first') {
  const [path = '', event = ''] = args
  const handler = await load(path)
  await handler(JSON.parse(event), CONTEXT)
  const at = performance.timeOrigin + performance.now()
  const { user, system } = process.cpuUsage()
  process.send?.({ at, cpuMs: (user + system) / 1000 }, () => process.disconnect())
} else {
  const [calls = '', events = '', ...paths] = args
  const asked = JSON.parse(events) as readonly unknown[]
  const handlers = await Promise.all(paths.map(load))
  const times: number[][] = handlers.map(() => [])
  for (let call = 0; call < Number(calls); call++) {
    const event = asked[call % asked.length]
    for (const [index, handler] of handlers.entries()) {
      const startedAt = performance.now()
      await handler(event, CONTEXT)
      times[index]?.push(performance.now() - startedAt)
    }
  }
  process.send?.(times, () => process.disconnect())
}
