import { answerOf, type DoorAnswer } from '../domain/door/answer.ts'
import { type DoorRequest, requestOf, SCHEMA_VERSIONS, type SchemaVersion } from '../domain/door/request.ts'
import type { Instant } from '../domain/time/instant.ts'
import type { Baked } from './baked-rules.ts'
import { type Logged, lineOf, type Outcome } from './log-line.ts'
import type { JudgeRequest } from './revived-door.ts'

/** The process that the handler runs in. */
export interface Host {
  now(): Instant
  /** Milliseconds since the start of the process. They only grow. */
  elapsedMs(): number
  readonly region: string | undefined
  /** Writes one line to the log. */
  write(line: string): void
}

export type Handler = (event: unknown, context: unknown) => Promise<DoorAnswer>

type Loaded = { readonly judgeRequest: JudgeRequest } | { readonly error: unknown }

/**
 * The client connect handler. It answers every request, and never throws: AWS denies everybody to whom a handler gives no
 * valid answer. Whatever throws is answered with `onError`, as is a request that cannot be judged. A decision that cannot
 * be logged stands.
 */
export const createHandler = (baked: Baked, host: Host): Handler => {
  const { settings } = baked
  const onError = Object.fromEntries(
    SCHEMA_VERSIONS.map((version) => [version, answerOf(settings.onError, version)]),
  ) as Record<SchemaVersion, DoorAnswer>
  // Begun at once, so that the first request finds the policies prepared.
  const loading = load(baked)
  let isFirst = true

  const outcomeOf = async (request: DoorRequest, region: string | undefined, now: Instant): Promise<Outcome> => {
    try {
      if (!Number.isFinite(now)) throw new RangeError(`the clock shows ${now}`)
      const loaded = await loading
      if ('error' in loaded) return { state: 'failed', error: loaded.error }
      return loaded.judgeRequest(request, region, now)
    } catch (error) {
      return { state: 'failed', error }
    }
  }

  return async (event, context) => {
    let answerIn: SchemaVersion = 'v3'
    try {
      const [at, startedMs] = [host.now(), host.elapsedMs()]
      const request = requestOf(event)
      answerIn = request.answerIn
      const { functionName, region } = placeOf(context, host)
      const outcome = await outcomeOf(request, region, at)
      const answer = outcome.state === 'decided' ? answerOf(outcome.decision, answerIn) : onError[answerIn]
      const elapsedMs = host.elapsedMs()
      const coldStartMs = isFirst ? elapsedMs : undefined
      isFirst = false
      const durationMs = elapsedMs - startedMs
      log({ functionName, at, durationMs, coldStartMs, request, outcome, settings }, host)
      return answer
    } catch (error) {
      reportLast(error, baked, host)
      return onError[answerIn]
    }
  }
}

/** The policies are code of their own, so that a throw while it is loaded is answered like any other. */
const load = async (baked: Baked): Promise<Loaded> => {
  try {
    const { reviveDoor } = await import('./revived-door.ts')
    return { judgeRequest: reviveDoor(baked) }
  } catch (error) {
    return { error }
  }
}

/** The name and Region of the function, from what the Lambda runtime says of it. */
const placeOf = (
  context: unknown,
  host: Host,
): { readonly functionName: string; readonly region: string | undefined } => {
  const { functionName, invokedFunctionArn } = (context ?? {}) as Readonly<Record<string, unknown>>
  const [, , , region] = typeof invokedFunctionArn === 'string' ? invokedFunctionArn.split(':') : []
  return {
    functionName: typeof functionName === 'string' ? functionName : 'unknown',
    region: region === undefined || region === '' ? host.region : region,
  }
}

/** The log is the only place that an error could be reported to. */
const reportLast = (error: unknown, { settings }: Baked, host: Host): void => {
  try {
    const outcome: Outcome = { state: 'failed', error }
    log({ functionName: 'unknown', at: host.now(), durationMs: 0, request: undefined, outcome, settings }, host)
  } catch {
    // Nothing is left to be done.
  }
}

/** A lost line is no reason to deny anybody, nor to let in whom a policy denies. */
const log = (logged: Logged, host: Host): void => {
  try {
    host.write(lineOf(logged))
  } catch {
    // Nothing is left to be done.
  }
}
