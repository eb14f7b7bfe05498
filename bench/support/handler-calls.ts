import { pathToFileURL } from 'node:url'

// Usage: node handler-calls.mjs first HANDLER EVENT, or node handler-calls.mjs warm COUNT EVENTS HANDLER…
// `first` sends when it had the answer, and the CPU time that it had used by then. `warm` calls the handlers in turn, and
// sends what each call took. The log of the handlers goes to stdout.

type Handler = (event: unknown, context: object) => Promise<unknown>

const CONTEXT = { functionName: 'AWSClientVPN-bench', getRemainingTimeInMillis: () => 30_000 }

const load = async (path: string) => ((await import(pathToFileURL(path).href)) as { readonly handler: Handler }).handler

const cpuMsOf = ({ user, system }: NodeJS.CpuUsage): number => (user + system) / 1000

/** What each call of a warm handler took. */
export interface Warm {
  readonly ms: number[]
  readonly cpuMs: number[]
}

const [, , what, ...args] = process.argv

if (what === 'first') {
  const [path = '', event = ''] = args
  const handler = await load(path)
  await handler(JSON.parse(event), CONTEXT)
  const at = performance.timeOrigin + performance.now()
  process.send?.({ at, cpuMs: cpuMsOf(process.cpuUsage()) }, () => process.disconnect())
} else {
  const [count = '', events = '', ...paths] = args
  const asked = JSON.parse(events) as readonly unknown[]
  const handlers = await Promise.all(paths.map(load))
  const calls = handlers.map((): Warm => ({ ms: [], cpuMs: [] }))
  for (let call = 0; call < Number(count); call++) {
    const event = asked[call % asked.length]
    for (const [index, handler] of handlers.entries()) {
      const before = process.cpuUsage()
      const startedAt = performance.now()
      await handler(event, CONTEXT)
      const ms = performance.now() - startedAt
      calls[index]?.ms.push(ms)
      calls[index]?.cpuMs.push(cpuMsOf(process.cpuUsage(before)))
    }
  }
  process.send?.(calls, () => process.disconnect())
}
