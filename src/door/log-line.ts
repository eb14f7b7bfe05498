import type { DoorDecision } from '../domain/door/door-decision.ts'
import type { DoorRequest } from '../domain/door/request.ts'
import type { UnknownPolicy } from '../domain/door/unknown-policies.ts'
import { type Instant, toIso } from '../domain/time/instant.ts'
import type { DoorSettings } from './baked-rules.ts'

/** What became of one request. */
export type Outcome =
  | { readonly state: 'decided'; readonly decision: DoorDecision; readonly because: string | undefined }
  /** `error` quotes nothing of the request. */
  | { readonly state: 'not-judged'; readonly error: string }
  | { readonly state: 'failed'; readonly error: unknown }

/** What a line of the log is about. */
export interface Logged {
  readonly functionName: string
  readonly at: Instant
  readonly durationMs: number
  /** From the start of the process until its first answer. Undefined: it is a later answer. */
  readonly coldStartMs?: number | undefined
  /** Undefined: it could not be read. */
  readonly request: DoorRequest | undefined
  readonly outcome: Outcome
  readonly settings: DoorSettings
}

/** The namespace of the metrics at CloudWatch. */
const NAMESPACE = 'Curfew/ConnectHandler'

const METRICS = [
  { Name: 'Decisions', Unit: 'Count' },
  { Name: 'OnErrors', Unit: 'Count' },
  { Name: 'Unknown', Unit: 'Count' },
  { Name: 'DurationMs', Unit: 'Milliseconds' },
]

/**
 * The line about one request, in CloudWatch's embedded metric format. No dimension has the name of a person. With
 * pseudonyms in the daemon's log, no field has one, nor a text that may quote one.
 * https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html
 */
export const lineOf = ({ functionName, at, durationMs, coldStartMs, request, outcome, settings }: Logged): string => {
  const { mode, onError, policySetHash, handlerHash, showNames } = settings
  const decision = outcome.state === 'decided' ? outcome.decision : undefined
  const denial = decision === undefined || decision.act === 'allow' ? undefined : decision
  const unknown = decision?.unknown ?? []
  const policy = denial?.lead.policy.name
  const failed = decision?.failed ?? []
  const dimensions = [
    ['FunctionName'],
    ['FunctionName', 'Decision'],
    ...(policy === undefined ? [] : [['FunctionName', 'Policy', 'Decision']]),
  ]
  return JSON.stringify({
    _aws: {
      Timestamp: Number.isFinite(at) ? Math.floor(at) : 0,
      CloudWatchMetrics: [{ Namespace: NAMESPACE, Dimensions: dimensions, Metrics: METRICS }],
    },
    FunctionName: dimensionOf(functionName),
    Decision: decision?.act ?? 'on-error',
    Policy: policy && dimensionOf(policy),
    Decisions: 1,
    // A policy that fails is a fault as well, and this metric has an alarm.
    OnErrors: decision !== undefined && failed.length === 0 ? 0 : 1,
    Unknown: unknown.length === 0 ? 0 : 1,
    DurationMs: durationMs,
    endpointId: request?.endpointId,
    connectionId: request?.connectionId,
    username: showNames ? request?.names.username : undefined,
    commonName: showNames ? request?.names.commonName : undefined,
    policy,
    reason: denial?.lead.reason,
    because: showNames && outcome.state === 'decided' ? outcome.because : undefined,
    until: denial && (toIso(denial.until) ?? undefined),
    unknown: unknown.length === 0 ? undefined : unknownTexts(unknown),
    doubts: request === undefined || request.doubts.length === 0 ? undefined : request.doubts,
    failedPolicies:
      failed.length === 0
        ? undefined
        : failed.slice(0, MOST_FAILED).map((one) => `${one.policy.name}: ${errorText(one.error, showNames)}`),
    error: errorOf(outcome, showNames),
    onError: decision === undefined ? onError : undefined,
    schemaVersion: request?.answerIn,
    mode,
    policySetHash,
    handlerHash,
    coldStartMs,
  })
}

/** A dimension of CloudWatch has ASCII characters only, 1 to 1,024, and not blanks alone. */
const dimensionOf = (text: string): string =>
  text
    .slice(0, 1024)
    .replace(/[^ -~]/g, '?')
    .trim() || '?'

/** A request without a name makes each policy that names users unknown, and there may be hundreds. */
const MOST_UNKNOWN = 10

const unknownTexts = (unknown: readonly UnknownPolicy[]): readonly string[] =>
  unknown.slice(0, MOST_UNKNOWN).map(({ policy, lacks }) => `${policy}: ${lacks}`)

const errorOf = (outcome: Outcome, showNames: boolean): string | undefined => {
  if (outcome.state === 'decided') return undefined
  return outcome.state === 'not-judged' ? outcome.error : errorText(outcome.error, showNames)
}

const LONGEST_ERROR = 1000

const MOST_FAILED = 10

/** The text of an error may quote anything, its name does not. */
export const errorText = (error: unknown, showNames: boolean): string => {
  try {
    if (!(error instanceof Error)) return showNames ? String(error).slice(0, LONGEST_ERROR) : 'not an Error'
    return showNames ? `${error.name}: ${error.message}`.slice(0, LONGEST_ERROR) : error.name
  } catch {
    return 'an error that cannot be read'
  }
}
