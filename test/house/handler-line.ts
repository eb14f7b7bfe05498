import type { DoorDecision } from '../../src/domain/door/door-decision.ts'
import { requestOf } from '../../src/domain/door/request.ts'
import { type Logged, lineOf } from '../../src/door/log-line.ts'
import { reviveDoor } from '../../src/door/revived-door.ts'
import { NOON, policy } from '../domain/build.ts'
import { baked, MALLORY } from '../door/rules.ts'

interface Declared {
  readonly Namespace: string
  readonly Dimensions: readonly (readonly string[])[]
  readonly Metrics: readonly { readonly Name: string }[]
}

type Line = Readonly<Record<string, unknown>> & { readonly _aws: { readonly CloudWatchMetrics: readonly [Declared] } }

const leavers = policy(
  'banned-users',
  { users: [{ pattern: 'mal*', until: '2026-12-24T00:00:00Z' }] },
  { name: 'leavers' },
)
const rules = baked({ policies: [leavers] })
const request = requestOf(MALLORY)

const lineAbout = (outcome: Logged['outcome'], doubts: readonly string[] = []) =>
  JSON.parse(
    lineOf({
      functionName: 'AWSClientVPN-curfew',
      at: NOON,
      durationMs: 1,
      coldStartMs: 250,
      request: { ...request, doubts },
      outcome,
      settings: rules.settings,
    }),
  ) as Line

// Only a line with a leading policy has all dimensions.
const judge = reviveDoor(rules)
const judged = judge(request, 'eu-central-1', NOON)
if (judged.state !== 'decided') throw new Error('nothing was decided')
const decision = { ...judged.decision, failed: [{ policy: leavers, error: new Error('failed') }] }
const denied = lineAbout({ ...judged, decision })
const unknown = lineAbout(judge({ ...request, names: { username: undefined, commonName: undefined } }, undefined, NOON))
const failed = lineAbout({ state: 'failed', error: new Error('failed') }, ['username'])
const { _aws: aws, ...fields } = { ...denied, ...unknown, ...failed, _aws: denied._aws }
const [declared] = aws.CloudWatchMetrics

export const NAMESPACE = declared.Namespace
export const METRICS = declared.Metrics.map(({ Name }) => Name)
/** The sets of dimensions of a line in which a policy leads. */
export const DIMENSION_SETS = declared.Dimensions
/** The fields of lines of every sort. */
export const FIELDS = Object.keys(fields)

const ACTS: Readonly<Record<DoorDecision['act'] | 'on-error', true>> = {
  allow: true,
  audit: true,
  deny: true,
  'on-error': true,
}
/** The values of the dimension `Decision`. */
export const DECISIONS = Object.keys(ACTS)
