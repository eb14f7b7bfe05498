import { MODES, type Mode, type Policy } from '../domain/policies/policy.ts'
import { bindConnectHandler } from './bind/bind-connect-handler.ts'
import { bindEngine, refuseLiteralUrl } from './bind/bind-engine.ts'
import { bindLinks, refuseLiteralLinkKey, reportUnlinkedExtensions } from './bind/bind-links.ts'
import { bindNotify, bindSource, refuseLiteralSecrets } from './bind/bind-notify.ts'
import { bindPolicyFiles } from './bind/bind-policy-files.ts'
import { bindSelector } from './bind/bind-selector.ts'
import { checkApproved } from './bind/check-approved.ts'
import { checkCurfewFile } from './bind/check-curfew-file.ts'
import { checkWrittenFiles } from './bind/check-written-files.ts'
import { readPeople } from './bind/people-file.ts'
import { policyHash, policySetHash } from './bind/policy-set-hash.ts'
import { reportSharedTallies } from './bind/report-shared-tallies.ts'
import { reportSplitAccounts } from './bind/report-split-accounts.ts'
import { reportUnsentWarnings } from './bind/report-unsent-warnings.ts'
import { reportUnwatched } from './bind/report-unwatched.ts'
import { sharedOf } from './bind/shared.ts'
import { reportUnused } from './bind/vocabulary.ts'
import type { ConfigFiles } from './config-files.ts'
import { resolvePath } from './config-paths.ts'
import type { Configuration, Discover, People, ServerSettings, Watch } from './configuration.ts'
import type { NamedPath } from './policy-file-list.ts'
import { namedPolicies, policyRoots } from './policy-roots.ts'
import { type CurfewKeys, curfewKeys } from './schema/curfew-schema.ts'
import { hasErrors, type Problem, sortProblems } from './yaml/problem.ts'
import { readKeys } from './yaml/read-keys.ts'
import { readYaml, type YamlFile } from './yaml/yaml-file.ts'

interface Loaded {
  /** Sorted by file and place. */
  readonly problems: readonly Problem[]
  /** Every file and folder that was read or looked for, with its path as written. */
  readonly sources: readonly string[]
}

interface LoadedConfiguration extends Loaded {
  /** Undefined if a problem is an error. */
  readonly configuration: Configuration | undefined
  /**
   * The mode that the daemon's file says, also beside errors: `audit` if any line says so. Undefined if it says none, or none
   * that is valid.
   */
  readonly writtenMode: Mode | undefined
  /** Whether the daemon's file asks for pseudonyms in the log, also beside errors. */
  readonly hidesNames: boolean
  /** The hash of the policy set, also if `approved` does not have it. Undefined if any other problem is an error. */
  readonly policySetHash: string | undefined
}

interface LoadedPolicies extends Loaded {
  /** Undefined if a problem is an error. */
  readonly policies: readonly Policy[] | undefined
}

interface Reading {
  /** Files and folders that take the place of those that the daemon's file names. */
  readonly policies?: readonly string[]
  /** The severity of a policy set that `approved` does not have: an error by default, which refuses the set. */
  readonly unapproved?: Problem['severity']
  /** The variable that names the daemon's file, if a variable does. */
  readonly namedBy?: string | undefined
}

/** Loads `curfew.yaml` and everything that it names. Never throws: every mistake is in `problems`. */
export const loadConfiguration = (
  files: ConfigFiles,
  path: string,
  { policies, unapproved = 'error', namedBy }: Reading = {},
): LoadedConfiguration => {
  const problems: Problem[] = []
  const sources = new Set([path])
  const report: Report = (problem) => problems.push(problem)
  const bytes = readCurfewFile(files, path, namedBy, report)
  const read = bytes && readYaml(path, bytes, report)
  const file = read?.value === undefined ? undefined : read
  const visit = (source: string) => sources.add(source)
  const bound = file && bindConfiguration(files, file, policies, report, visit)
  if (file && bound) {
    const { configuration, approved } = bound
    const ofApproved = approved?.file === undefined ? [] : [resolvePath(path, approved.file)]
    checkWrittenFiles({ files, file, configuration, read: [...sources, ...ofApproved] })
  }
  const sound = hasErrors(problems) ? undefined : bound
  if (file && sound?.approved) {
    const { approved, roots, configuration } = sound
    const { policySetHash } = configuration
    checkApproved({ files, file, approved, policySetHash, roots, severity: unapproved, report, visit })
  }
  return finish(problems, sources, (isValid) => ({
    configuration: isValid ? sound?.configuration : undefined,
    writtenMode: bytes && writtenModeOf(file, bytes),
    hidesNames: bytes !== undefined && hidesNames(file, bytes),
    policySetHash: sound?.configuration.policySetHash,
  }))
}

/**
 * In an emergency an operator may append `mode: audit` to a file that is broken, or that says `mode: enforce` above. So a
 * line that says it counts in any file.
 */
const AUDIT_LINE = /^mode:[ \t]+(['"]?)audit\1[ \t]*(#.*)?\r?$/m

const writtenModeOf = (file: YamlFile | undefined, bytes: Uint8Array): Mode | undefined => {
  if (AUDIT_LINE.test(new TextDecoder().decode(bytes))) return 'audit'
  return file?.isFlawed(['mode']) === false ? MODES.find((mode) => mode === file.written(['mode'])) : undefined
}

/** In a file that is not valid YAML the word counts wherever it stands. */
const hidesNames = (file: YamlFile | undefined, bytes: Uint8Array): boolean => {
  if (file === undefined) return new TextDecoder().decode(bytes).includes('pseudonymKey')
  const { log } = (file.value ?? {}) as { readonly log?: unknown }
  return typeof log === 'object' && log !== null && 'pseudonymKey' in log
}

/**
 * Loads policy files, and folders of them, without the daemon's file. Files that they name must lie in their own
 * folder.
 */
export const loadPolicies = (files: ConfigFiles, paths: readonly string[]): LoadedPolicies => {
  const problems: Problem[] = []
  const sources = new Set<string>()
  const report: Report = (problem) => problems.push(problem)
  const named = paths.map(namedFrom(report))
  const { policies } = bindPolicyFiles(files, named, undefined, report, (source) => sources.add(source))
  if (policies.length === 0 && !hasErrors(problems)) {
    report({ severity: 'error', file: paths[0] ?? '.', line: 1, column: 1, message: NO_POLICY })
  }
  return finish(problems, sources, (isValid) => ({
    policies: isValid ? policies.map(({ policy }) => policy) : undefined,
  }))
}

/** Whether a file is the daemon's: only that one says what to watch. */
export const isCurfewFile = (files: ConfigFiles, path: string): boolean => {
  const read = files.look(path).kind === 'file' ? files.read(path) : { why: 'it is not a file' }
  if ('why' in read) return false
  const { value } = readYaml(path, read.bytes, () => {})
  return typeof value === 'object' && value !== null && 'watch' in value
}

type Report = (problem: Problem) => void

/** A path from the command line. */
const namedFrom =
  (report: Report) =>
  (path: string): NamedPath => ({
    path,
    roots: undefined,
    problem: (message, severity = 'error') => report({ severity, file: path, line: 1, column: 1, message }),
  })

const NO_POLICY = 'no policy was found: write at least one under "policies" in a policies file'

const finish = <Result extends object>(
  problems: readonly Problem[],
  sources: ReadonlySet<string>,
  result: (isValid: boolean) => Result,
): Result & Loaded => {
  const sorted = sortProblems(problems)
  return { ...result(!hasErrors(sorted)), problems: sorted, sources: [...sources] }
}

const readCurfewFile = (
  files: ConfigFiles,
  path: string,
  namedBy: string | undefined,
  report: Report,
): Uint8Array | undefined => {
  const source = namedBy === undefined ? '' : `; the variable ${namedBy} names this one`
  const fail = (message: string): undefined => {
    report({ severity: 'error', file: path, line: 1, column: 1, message: `${message}${source}` })
  }
  const found = files.look(path)
  if (found.kind === 'missing')
    return fail(
      'the file does not exist: write a first one with "curfew init config", or give the path of another file with --config',
    )
  if (found.kind === 'unreadable') return fail(`the file cannot be read: ${found.why}`)
  if (found.kind !== 'file') return fail('this is not a file: give the path of curfew.yaml with --config')
  const read = files.read(path)
  if ('why' in read) return fail(`the file cannot be read: ${read.why}`)
  return read.bytes
}

const bindConfiguration = (
  files: ConfigFiles,
  file: YamlFile,
  policies: readonly string[] | undefined,
  report: Report,
  visit: (path: string) => void,
):
  | {
      readonly configuration: Configuration
      readonly approved: CurfewKeys['approved']
      /** The folders in which policies and lists may lie. */
      readonly roots: readonly string[]
    }
  | undefined => {
  refuseLiteralSecrets(file)
  refuseLiteralLinkKey(file)
  refuseLiteralUrl(file)
  const keys: CurfewKeys = readKeys(file, curfewKeys, [], file.value, 'write "version: 1", "policies:" and "watch:"')
  checkCurfewFile(file, keys)

  const own = policyRoots(files, file, keys.readFrom ?? [], visit)
  // Policies from the command line may lie anywhere. What they name must lie beside them.
  const roots = policies === undefined ? own : undefined
  const named =
    policies?.map(namedFrom(report)) ??
    namedPolicies(files, file.path, keys.policies ?? [], own, (index, message, severity = 'error') =>
      file.problem(['policies', index], message, { severity }),
    )
  let hasPolicyErrors = false
  const bound = bindPolicyFiles(
    files,
    named,
    roots,
    (problem) => {
      hasPolicyErrors ||= problem.severity === 'error'
      report(problem)
    },
    visit,
  )
  if (bound.policies.length === 0 && !hasPolicyErrors && file.value !== null && !file.isFlawed(['policies'])) {
    file.problem(['policies'], NO_POLICY)
  }
  const sharedByAll = sharedOf(file, [], {}, bound.references, undefined)
  const protect = bindSelector(keys.protect, 'protect', sharedByAll)
  sharedByAll.reportCosts()
  const connectHandler = keys.connectHandler && bindConnectHandler(file, keys.connectHandler, bound.references)
  reportUnused(bound.references.vocabulary)
  if (keys.watch !== undefined && !file.isFlawed(['watch'])) reportUnwatched(bound.policies, keys.watch)
  const notify = bindNotify(file, keys.notify ?? [], visit)
  if (!file.isFlawed(['notify'])) reportUnsentWarnings(bound.policies, notify)
  const people: People =
    keys.people === undefined
      ? new Map()
      : readPeople({ files, file, named: keys.people.file, roots: own, report, visit })

  const writtenKey = keys.log?.pseudonymKey
  const pseudonymKey = writtenKey && bindSource(file, ['log', 'pseudonymKey'], writtenKey, visit)
  const links = keys.server && bindLinks(file, keys.server)
  if (!file.isFlawed(['server']) && !file.isFlawed(['notify'])) {
    reportUnlinkedExtensions(bound.policies, links, notify)
  }

  const engine = keys.engine && bindEngine(file, keys.engine)
  if (engine?.kind === 'postgres' && keys.watch !== undefined && !file.isFlawed(['watch'])) {
    const entries = keys.watch.map(bindWatch)
    reportSplitAccounts(file, entries)
    reportSharedTallies(bound.policies, entries)
  }

  const written = { ...bound.content, protect: (file.value as { readonly protect?: unknown } | null)?.protect }
  const { mode, watch, poll, termination, guard, audit, state, server, timeZone, log } = keys
  if (!mode || !watch || !poll || !termination || !guard || !audit || !state || !server || !timeZone || !log)
    return undefined
  if (!connectHandler || !engine) return undefined
  const configuration = {
    mode,
    protect: protect?.users ?? [],
    policies: bound.policies.map(({ policy }) => ({ ...policy, hash: policyHash(policy, protect?.users ?? []) })),
    watch: watch.map(bindWatch),
    poll: {
      schedule: poll.schedule,
      requestTimeoutMs: poll.requestTimeout,
      staleAfterMs: poll.staleAfter,
      rate: poll.rate,
      minGapMs: poll.minGap,
    },
    termination: {
      rate: termination.rate,
      verifyWithinMs: termination.verifyWithin,
      attempts: termination.attempts,
    },
    guard: { maxPercent: guard.maxPercent, minConnections: guard.minConnections, lookAheadMs: guard.lookAhead },
    audit: { file: resolvePath(file.path, audit.file) },
    state: { file: resolvePath(file.path, state.file) },
    engine,
    history: keys.history && { file: resolvePath(file.path, keys.history.file), keepMs: keys.history.keep },
    server: { ...bindServer(file.path, server), links },
    connectHandler: { ...connectHandler, mode: connectHandler.mode ?? mode },
    notify,
    people,
    timeZone,
    log: { level: log.level, pseudonymKey },
    written,
    policySetHash: policySetHash(written),
  }
  return { configuration, approved: keys.approved, roots: own }
}

const bindServer = (
  holder: string,
  { tls, bearerTokenFile, ...rest }: NonNullable<CurfewKeys['server']>,
): Omit<ServerSettings, 'links'> => {
  const resolve = (path: string | undefined) => (path === undefined ? undefined : resolvePath(holder, path))
  return {
    host: rest.host,
    port: rest.port,
    tls: tls && {
      certFile: resolvePath(holder, tls.certFile),
      keyFile: resolvePath(holder, tls.keyFile),
      clientCaFile: resolve(tls.clientCaFile),
    },
    basicAuthUsers: rest.basicAuthUsers,
    bearerTokenFile: resolve(bearerTokenFile),
    showNames: rest.showNames,
  }
}

const bindWatch = (entry: NonNullable<CurfewKeys['watch']>[number]): Watch => {
  const { region, endpointUrl, endpoints = [], discover, assumeRole } = entry
  return {
    region,
    endpointUrl,
    endpoints: endpoints.map((endpoint) =>
      typeof endpoint === 'string' ? { id: endpoint, name: undefined } : endpoint,
    ),
    discover: discover === undefined ? undefined : bindDiscover(discover),
    assumeRole: assumeRole && { arn: assumeRole.arn, externalId: assumeRole.externalId },
  }
}

const bindDiscover = (written: string | { readonly tags: Readonly<Record<string, string>> }): Discover =>
  typeof written === 'string' ? 'all' : { tags: new Map(Object.entries(written.tags)) }
