import { createTokenBucket, type TokenBucket } from '../domain/terminate/token-bucket.ts'
import { elapsedAt } from '../domain/time/elapsed.ts'
import { DAY, type Instant } from '../domain/time/instant.ts'
import { AwsError } from './aws-error.ts'
import { type AwsQuery, createQuery } from './aws-query.ts'
import type { Answer, Request } from './aws-request.ts'
import type { Caller, Callers } from './callers.ts'
import type { LogGroupPlace, LogGroups, StoredEvent } from './log-groups.ts'
import type { Random } from './random.ts'
import type { Scenario } from './scenario.ts'
import type { World } from './world.ts'

const JSON_TYPE = { 'content-type': 'application/x-amz-json-1.1' }

export const LOGS_ACTIONS: ReadonlySet<string> = new Set(['FilterLogEvents'])

/** An error in the form of CloudWatch Logs. */
export const logsError = ({ status, code, message }: AwsError): Answer => ({
  status,
  code,
  headers: JSON_TYPE,
  body: JSON.stringify({ __type: code, message }),
})

const MOST_EVENTS = 10_000
const MOST_BYTES = 1_048_576

/** AWS counts these bytes for each event in addition to its message. */
const EVENT_BYTES = 26

/**
 * AWS searches for a time that it does not document, and then answers with what it has found, which may be nothing. The
 * simulator searches so much of the period in one request.
 */
const SEARCHED_MS = 7 * DAY

const TOKEN_LIFETIME_MS = DAY

/** Where the next page begins. */
interface Cursor {
  readonly scope: string
  readonly index: number
  readonly searchedTo: Instant
  readonly expiresAt: Instant
}

const ARN = /^arn:[\w-]+:logs:(?<region>[\w-]+):(?<account>\d{12}):log-group:(?<name>[^:]+)$/

const placeOf = (query: AwsQuery, account: string, region: string): LogGroupPlace => {
  const [name, identifier] = [query.text('logGroupName'), query.text('logGroupIdentifier')]
  const given = name ?? identifier
  if (given === undefined || (name !== undefined && identifier !== undefined)) {
    throw new AwsError('InvalidParameterException', 'Specify either logGroupName or logGroupIdentifier.')
  }
  const arn = ARN.exec(given)?.groups
  if (identifier === undefined || arn === undefined) return { account, region, name: given }
  return { account: arn.account ?? '', region: arn.region ?? '', name: arn.name ?? '' }
}

/** Answers CloudWatch Logs: the events of a log group, page by page. */
export const createLogsApi = (
  scenario: Scenario,
  world: World,
  logGroups: LogGroups,
  callers: Callers,
  random: Random,
) => {
  const buckets = new Map<string, TokenBucket>()
  const cursors = new Map<string, Cursor>()

  const callerOf = ({ signature, sessionToken }: Request, now: Instant): Caller => {
    const caller = callers.recognise(signature.accessKeyId, sessionToken, now)
    if (caller === 'expired') {
      throw new AwsError('ExpiredTokenException', 'The security token included in the request is expired')
    }
    if (caller === 'unknown') {
      throw new AwsError('UnrecognizedClientException', 'The security token included in the request is invalid.')
    }
    return caller
  }

  const throttle = (account: string, region: string, now: Instant) => {
    const key = `${account} ${region}`
    const bucket = buckets.get(key) ?? createTokenBucket(scenario.buckets.logs, elapsedAt(now))
    buckets.set(key, bucket)
    if (!bucket.tryTake(elapsedAt(now))) throw new AwsError('ThrottlingException', 'Rate exceeded')
  }

  const filterLogEvents = (query: AwsQuery, caller: Caller, region: string, now: Instant): string => {
    const place = placeOf(query, caller.account, region)
    const from = query.integer('startTime', 0, Number.MAX_SAFE_INTEGER) ?? 0
    const to = query.integer('endTime', 0, Number.MAX_SAFE_INTEGER) ?? now
    const limit = query.integer('limit', 1, MOST_EVENTS) ?? MOST_EVENTS
    const token = query.text('nextToken')
    query.refuseUnread()
    if (from > to) throw new AwsError('InvalidParameterException', 'End time should not be less than start time.')
    const arn = `arn:aws:logs:${place.region}:${place.account}:log-group:${place.name}:log-stream:`
    if (caller.deny.includes('logs:FilterLogEvents')) {
      throw new AwsError(
        'AccessDeniedException',
        `User: ${caller.arn} is not authorized to perform: logs:FilterLogEvents on resource: ${arn} because no identity-based policy allows the logs:FilterLogEvents action`,
      )
    }
    const events = place.account === caller.account && place.region === region ? logGroups.events(place) : undefined
    if (events === undefined) {
      throw new AwsError('ResourceNotFoundException', 'The specified log group does not exist.')
    }
    const scope = JSON.stringify([place, from, to])
    const cursor = token === undefined ? { scope, index: 0, searchedTo: from } : cursors.get(token)
    if (cursor?.scope !== scope || ('expiresAt' in cursor && cursor.expiresAt <= now)) {
      throw new AwsError('InvalidParameterException', 'The specified nextToken is invalid.')
    }
    const searchedTo = Math.min(to, cursor.searchedTo + SEARCHED_MS)
    const found: StoredEvent[] = []
    let { index } = cursor
    let bytes = 0
    let isFull = false
    for (; index < events.length; index++) {
      const event = events[index]
      if (event === undefined || event.publishedAt > searchedTo) break
      if (event.publishedAt < from) continue
      bytes += Buffer.byteLength(event.message) + EVENT_BYTES
      isFull = found.length === limit || (found.length > 0 && bytes > MOST_BYTES)
      if (isFull) break
      found.push(event)
    }
    const isLast = !isFull && searchedTo === to
    const nextToken = isLast ? undefined : random.hex(8)
    if (nextToken !== undefined) {
      const reached = isFull ? cursor.searchedTo : searchedTo
      cursors.set(nextToken, { scope, index, searchedTo: reached, expiresAt: now + TOKEN_LIFETIME_MS })
    }
    return JSON.stringify({
      events: found.map(({ publishedAt, message }, number) => ({
        eventId: String(cursor.index + number).padStart(56, '0'),
        ingestionTime: publishedAt,
        logStreamName: 'connections',
        message,
        timestamp: publishedAt,
      })),
      searchedLogStreams: [],
      ...(nextToken === undefined ? {} : { nextToken }),
    })
  }

  const perform = (request: Request, now: Instant): string => {
    const { signature, parameters } = request
    const caller = callerOf(request, now)
    const action = parameters.get('Action')
    if (action !== 'FilterLogEvents') throw new AwsError('UnknownOperationException', '')
    if (parameters.size === 1) throw new AwsError('SerializationException', 'The body is no JSON object')
    throttle(caller.account, signature.region, now)
    return filterLogEvents(createQuery(parameters), caller, signature.region, now)
  }

  return (request: Request, now: Instant): Answer => {
    world.advanceTo(now)
    try {
      return { status: 200, code: undefined, headers: JSON_TYPE, body: perform(request, world.now) }
    } catch (error) {
      if (!(error instanceof AwsError)) throw error
      const isOfQuery = /^(?:Invalid|Unknown)ParameterValue$|^UnknownParameter$/.test(error.code)
      return logsError(isOfQuery ? new AwsError('InvalidParameterException', error.message) : error)
    }
  }
}
