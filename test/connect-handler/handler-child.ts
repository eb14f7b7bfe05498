import { pathToFileURL } from 'node:url'

// A process that calls handlers. It gets calls over its channel, each with the instant that its clock shows.

export interface Call {
  /** What the clock shows. */
  readonly at: number
  readonly event: unknown
}

export interface Calls {
  /** The path of `index.mjs`. */
  readonly handler: string
  /** The variables that Lambda gives to the function. */
  readonly env: Readonly<Record<string, string>>
  readonly calls: readonly Call[]
}

export interface Outcome {
  readonly answer?: unknown
  readonly threw?: string
  /** What was written to the log during the call. */
  readonly log: string
}

export interface Outcomes {
  readonly outcomes: readonly Outcome[]
  /** Why the handler could not be loaded. */
  readonly failed?: string
  /** The ways to the network and the file system that the handler has touched. */
  readonly touched: readonly string[]
}

let now = 0
const HostDate = Date
class SetDate extends HostDate {
  constructor(...given: [] | [number]) {
    super(...(given.length === 0 ? ([now] as const) : given))
  }
  static override now = () => now
}
Object.defineProperty(globalThis, 'Date', { value: SetDate, configurable: true, writable: true })

let log = ''
for (const stream of [process.stdout, process.stderr]) {
  stream.write = (text: Uint8Array | string) => {
    log += String(text)
    return true
  }
}

/** Whether a handler is running: this process itself may use what the handler may not. */
let isHandling = false
const touched = new Set<string>()
const trap = (holder: object, name: string) => {
  const value: unknown = Reflect.get(holder, name)
  Object.defineProperty(holder, name, {
    configurable: true,
    get() {
      if (isHandling) touched.add(name)
      return value
    },
  })
}
for (const name of ['fetch', 'WebSocket', 'EventSource', 'XMLHttpRequest']) trap(globalThis, name)
for (const name of ['getBuiltinModule', 'binding', 'dlopen']) trap(process, name)

type Handler = (event: unknown, context: object) => unknown

/** With the code of the cause: `fetch` says no more than that it failed. */
const textOf = (thrown: unknown): string => {
  const { code } = (thrown instanceof Error ? (thrown.cause ?? {}) : {}) as { readonly code?: string }
  return code === undefined ? String(thrown) : `${String(thrown)}: ${code}`
}

const answered = async (handler: Handler, { at, event }: Call): Promise<Outcome> => {
  now = at
  log = ''
  try {
    const context = { functionName: process.env.AWS_LAMBDA_FUNCTION_NAME, getRemainingTimeInMillis: () => 30_000 }
    return { answer: await handler(event, context), log }
  } catch (thrown) {
    return { threw: textOf(thrown), log }
  }
}

const answerAll = async ({ handler: path, env, calls }: Calls): Promise<Outcomes> => {
  Object.assign(process.env, env)
  const outcomes: Outcome[] = []
  touched.clear()
  isHandling = true
  try {
    const { handler } = (await import(pathToFileURL(path).href)) as { readonly handler: Handler }
    for (const call of calls) outcomes.push(await answered(handler, call))
    return { outcomes, touched: [...touched] }
  } catch (thrown) {
    return { outcomes, failed: textOf(thrown), touched: [...touched] }
  } finally {
    isHandling = false
  }
}

process.on('message', (calls: Calls) => void answerAll(calls).then((outcomes) => process.send?.(outcomes)))
