import type { Watch } from '../config/configuration.ts'
import { TERMINATION_RATE } from '../config/schema/curfew-schema.ts'
import type { Mode } from '../domain/policies/policy.ts'
import { createPolicySet, type PolicySet } from '../domain/policies/policy-set.ts'
import type { Rate } from '../domain/terminate/token-bucket.ts'
import { CONFIG_OPTION, type Given, stringOf, stringsOf, UsageError } from './command.ts'
import { isDaemonFile, readPolicies, readToShow, readWithPolicies } from './compose-files.ts'
import { configurationOrComplain } from './problems.ts'

/** A policy set, and what the daemon's file says beside it. */
export interface Side {
  readonly set: PolicySet
  /** `enforce` without the daemon's file, so that a policy's own mode decides. */
  readonly mode: Mode
  readonly rate: Rate
  /** The endpoints whose sessions the policies may end. Undefined without the daemon's file: all. */
  readonly watch: readonly Watch[] | undefined
}

/** The policies that a backtest replays. */
export interface BacktestPolicies {
  readonly now: Side
  /** Those of `--against`. */
  readonly before: Side | undefined
}

const ofDaemon = (load: () => ReturnType<typeof readToShow>): Side | undefined => {
  const { configuration } = configurationOrComplain(load())
  if (configuration === undefined) return undefined
  const { mode, policies, protect, termination, watch } = configuration
  return { set: createPolicySet(policies, protect), mode, rate: termination.rate, watch }
}

const ofFiles = (paths: readonly string[]): Side | undefined => {
  const { policies } = configurationOrComplain(readPolicies(paths))
  return policies && { set: createPolicySet(policies, []), mode: 'enforce', rate: TERMINATION_RATE, watch: undefined }
}

const readAgainst = (paths: readonly string[], config: string | undefined): Side | undefined => {
  const [file, ...others] = paths
  const daemons = paths.filter(isDaemonFile)
  if (file !== undefined && daemons.length > 0) {
    if (others.length === 0) return ofDaemon(() => readToShow(file))
    throw new UsageError(
      `--against: ${daemons[0]} is a daemon's file, which names its policies: give it alone, or only policy files and folders`,
    )
  }
  return config === undefined ? ofFiles(paths) : ofDaemon(() => readWithPolicies(config, paths))
}

/** The policies that the options name; undefined if a file has errors, which are printed. */
export const readBacktestPolicies = (values: Given['values']): BacktestPolicies | undefined => {
  const paths = stringsOf(values.policies)
  const against = stringsOf(values.against)
  const written = stringOf(values.config)
  if (paths.length > 0 && written !== undefined) {
    throw new UsageError('give either --config, whose file names its policies, or --policies')
  }
  const [daemonFile] = paths.filter(isDaemonFile)
  if (daemonFile !== undefined) {
    throw new UsageError(`--policies: ${daemonFile} is a daemon's file: give it with --config`)
  }
  const config = paths.length > 0 ? undefined : (written ?? CONFIG_OPTION.config.default)
  const now = config === undefined ? ofFiles(paths) : ofDaemon(() => readToShow(config))
  const before = against.length === 0 ? undefined : readAgainst(against, config)
  if (now === undefined || (against.length > 0 && before === undefined)) return undefined
  return { now, before }
}
