import { createLogEvents } from '../adapters/aws/log-events.ts'
import { createLines, type LinesRead } from '../adapters/connection-log/lines-read.ts'
import { readLogGroup } from '../adapters/connection-log/log-group.ts'
import type { ReadLogs } from '../adapters/connection-log/read-logs.ts'
import { UnreadableLog } from '../adapters/connection-log/unreadable.ts'
import { hostClock } from '../adapters/host/clock.ts'
import { VpnError } from '../app/vpn.ts'
import type { Watch } from '../config/configuration.ts'
import { region as regionCode } from '../config/schema/region.ts'
import { accountOfRole } from '../config/watched-unit.ts'
import { type Instant, MINUTE, SECOND, toText } from '../domain/time/instant.ts'
import { checked } from './checked.ts'
import { OperatorError, UsageError } from './command.ts'
import { composeOutgoing } from './compose-outgoing.ts'

/** The values of the options, as the command has checked them. */
export interface LogGroupOptions {
  /** Of `--log-group`: names or ARNs. */
  readonly names: readonly string[]
  /** The value of `--region`. */
  readonly region: string | undefined
  /** The value of `--since`, or that of `--from`. */
  readonly from: Instant | undefined
  /** The value of `--to`. Undefined: now. */
  readonly to: Instant | undefined
  /** The entries of the daemon's file, whose Regions and roles are used. Empty without such a file. */
  readonly watch: readonly Watch[]
}

type Callbacks = Pick<ReadLogs, 'onRecord' | 'onProgress' | 'signal'> & {
  /** Takes a line for the operator: what AWS did not answer, and when it is asked again. */
  readonly complain: (text: string) => void
}

/** The Region in which a log group is read, and the role with which. */
type Way = Pick<Watch, 'region' | 'assumeRole'>

/** A page of 10,000 events takes seconds, and its first one may search for long. */
const REQUEST_TIMEOUT_MS = MINUTE

/** The log groups of `--log-group`. Throws a usage error before anything is read. */
export const composeLogGroups = ({ names, region, from, to, watch }: LogGroupOptions) => {
  if (from === undefined) throw new UsageError('--log-group: say how far back to read, such as --since 30d')
  if (from > hostClock.now()) {
    throw new UsageError(`--log-group: ${toText(from)} is in the future: say how far back to read, such as --since 30d`)
  }
  const groups = [...new Set(names.map(withoutStreams))].map((logGroup) => ({
    logGroup,
    way: wayTo(logGroup, region, watch),
  }))
  return {
    /** Reads them one after another: all of each, or a failure, which is an `OperatorError`. */
    async read({
      onRecord,
      onProgress,
      complain,
      signal = new AbortController().signal,
    }: Callbacks): Promise<LinesRead> {
      const outgoing = composeOutgoing()
      const lines = createLines(onRecord)
      const period = { from, to: to ?? hostClock.now() }
      for (const { logGroup, way } of groups) {
        const client = createLogEvents({ ...way, requestTimeoutMs: REQUEST_TIMEOUT_MS, clock: hostClock, outgoing })
        try {
          await readLogGroup(
            client,
            { logGroup, ...period },
            {
              lines,
              clock: hostClock,
              random: Math.random,
              onProgress,
              onPause: ({ ms, failure: { awsCode, code } }) => {
                const why = `CloudWatch Logs gave no page (${awsCode ?? code})`
                complain(`curfew: ${logGroup}: ${why}; asking again in ${Math.ceil(ms / SECOND)} s`)
              },
              signal,
            },
          )
        } catch (error) {
          if (error instanceof VpnError || error instanceof UnreadableLog) throw new OperatorError(error.message)
          throw error
        } finally {
          client.close()
        }
      }
      return lines.result()
    },
  }
}

/** In a policy of IAM, and in the answer of DescribeLogGroups, the ARN of a log group ends with `:*`. */
const withoutStreams = (name: string) => name.replace(/:\*$/, '')

const NAME = /^[\w./#-]{1,512}$/
const ARN = /^arn:[\w-]+:logs:(?<region>[\w-]+):(?<account>\d{12}):log-group:(?<name>[^:]+)$/

/** The only way to the log group that `watch` and `--region` leave, or a usage error. */
const wayTo = (logGroup: string, region: string | undefined, watch: readonly Watch[]): Way => {
  const arn = ARN.exec(logGroup)?.groups
  if (!NAME.test(arn?.name ?? logGroup)) {
    throw new UsageError(`--log-group: expected the name or the ARN of a log group, found ${JSON.stringify(logGroup)}`)
  }
  if (arn?.region !== undefined && region !== undefined && arn.region !== region) {
    throw new UsageError(`--region: ${region} is not the Region of ${logGroup}`)
  }
  const wanted = arn?.region ?? region
  const ways = waysOf(watch).filter((way) => wanted === undefined || way.region === wanted)
  const [first, ...others] = ways.filter(({ assumeRole }) => arn === undefined || ofAccount(assumeRole, arn.account))
  if (first === undefined) {
    const own = wanted ?? process.env.AWS_REGION
    const source = region === undefined ? 'AWS_REGION' : '--region'
    if (own) return { region: checked(regionCode, arn ? '--log-group' : source, own), assumeRole: undefined }
    throw new UsageError('--log-group: say in which Region the log group is, such as --region eu-central-1')
  }
  if (others.length === 0) return first
  const places = [first, ...others].map(
    ({ region, assumeRole }) => `${region}${assumeRole ? ` as ${assumeRole.arn}` : ''}`,
  )
  throw new UsageError(
    `--log-group: "watch" has several ways to ${logGroup} (${places.join(', ')}): choose the Region with --region, or write the ARN of the log group, which names its account`,
  )
}

/** A role belongs to its account. Without a role, the account is that of the credentials, which only AWS knows. */
const ofAccount = (assumeRole: Way['assumeRole'], account: string | undefined) =>
  assumeRole !== undefined && accountOfRole(assumeRole.arn) === account

const waysOf = (watch: readonly Watch[]): readonly Way[] => {
  const ways = watch.map(({ region, assumeRole }) => ({ region, assumeRole }))
  return [...new Map(ways.map((way) => [JSON.stringify(way), way])).values()]
}
