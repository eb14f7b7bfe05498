import type * as z from 'zod'
import { inOneLine } from '../../domain/door/answer-text.ts'
import { messageProblem } from '../../domain/door/message.ts'
import type { Mode, Policy, PolicyKind, Shared } from '../../domain/policies/policy.ts'
import { POLICY_KINDS } from '../../domain/policies/registry.ts'
import { formatDuration } from '../../domain/time/duration.ts'
import { commonKeys } from '../schema/policies-schema.ts'
import { readValue, reportUnknownKey } from '../yaml/read-value.ts'
import type { Shape } from '../yaml/schema-walk.ts'
import type { YamlFile } from '../yaml/yaml-file.ts'
import type { Path } from '../yaml/yaml-tree.ts'
import { bindPeriod } from './bind-period.ts'
import { bindSelector, onlyGroupOf } from './bind-selector.ts'
import type { References } from './references.ts'
import { sharedOf } from './shared.ts'

type Written = Record<string, unknown>

/** Common keys that only some kinds accept, with the property by which a kind accepts them. */
const TRAITS = [
  ['cooldown', 'cooldown'],
  ['cooldownByCommonName', 'cooldown'],
  ['warn', 'foreseeable'],
  ['extend', 'extendable'],
  ['message', 'atTheDoor'],
] as const

const has = (kind: PolicyKind, trait: (typeof TRAITS)[number][1]): boolean => Boolean(kind[trait])

/** Checks and binds one written policy. Undefined if its kind is unknown. Invalid parts are reported and left out. */
export const bindPolicy = (
  file: YamlFile,
  index: number,
  written: unknown,
  references: References,
): Policy | undefined => {
  const path = ['policies', index]
  if (typeof written !== 'object' || written === null || Array.isArray(written)) {
    file.problem(path, 'expected a policy: a map with "name", "kind" and the keys of its kind')
    return undefined
  }
  const policy = written as Written
  const kind = kindOf(file, path, policy)
  reportForeignKeys(file, path, policy, kind)

  const common = <Key extends keyof typeof commonKeys>(key: Key): z.output<(typeof commonKeys)[Key]> | undefined =>
    readValue(file, commonKeys[key], [...path, key], policy[key]) as z.output<(typeof commonKeys)[Key]> | undefined
  const name = common('name')
  const graceMs = common('grace') ?? 0
  if (kind?.noGrace !== undefined && policy.grace !== undefined) {
    file.problem([...path, 'grace'], `"grace" cannot be used with ${kind.kind}: ${kind.noGrace}`, { at: 'key' })
  }
  for (const [key, trait] of TRAITS) {
    if (kind === undefined || has(kind, trait) || policy[key] === undefined) continue
    const kinds = POLICY_KINDS.filter((other) => has(other, trait)).map((other) => other.kind)
    file.problem(
      [...path, key],
      `"${key}" cannot be used with ${kind.kind}, only with ${kinds.join(', ')}: remove it`,
      {
        at: 'key',
      },
    )
  }
  const warn = common('warn') ?? []
  warn.forEach((lead, index) => {
    if (warn.indexOf(lead) === index) return
    file.problem([...path, 'warn', index], `${formatDuration(lead)} is already in the list: remove one of the two`)
  })
  const extend = common('extend')
  if (policy.extend !== undefined && policy.warn === undefined && kind?.extendable === true) {
    const message =
      '"extend" has no effect without "warn", because the warning holds the link: add "warn", or remove "extend"'
    file.problem([...path, 'extend'], message, { at: 'key' })
  }
  const guard = common('guard') ?? 'on'
  const cooldownMs = common('cooldown') ?? 0
  const cooldownByCommonName = common('cooldownByCommonName') ?? false
  if (policy.cooldownByCommonName !== undefined && policy.cooldown === undefined) {
    file.problem(
      [...path, 'cooldownByCommonName'],
      'this key has no effect without "cooldown": add "cooldown", or remove this key',
      {
        at: 'key',
      },
    )
  }
  const message = common('message')
  const flaw = message === undefined ? undefined : messageProblem(message, name ?? '')
  if (flaw !== undefined) file.problem([...path, 'message'], flaw.problem, flaw.options)
  const shared = sharedOf(file, path, policy, references, name)
  const selector = (key: 'match' | 'exempt') => {
    if (isEmptyMap(policy[key]))
      shared.problem([key], 'the selector is empty: write "users", "endpoints", "regions" or "door", or remove the key')
    return bindSelector(common(key), key, shared)
  }
  const [match, exempt] = [selector('match'), selector('exempt')]
  const period = bindPeriod(file, path, policy, kind !== undefined && keysOfKind(kind).includes('timeZone'))
  const mode: Mode = common('mode') ?? 'audit'
  if (kind === undefined) return undefined
  const rule = bindRule(file, path, kind, policy, shared)
  shared.reportCosts()
  return (
    rule && {
      name: name ?? '',
      kind,
      rule: rule.rule,
      mode,
      ...period,
      match,
      exempt,
      matchGroup: onlyGroupOf(policy.match),
      message: message && inOneLine(message),
      graceMs,
      warn,
      extend: extend && { byMs: extend.by, times: extend.times },
      guard: guard === 'on' ? ('on' as const) : ('off' as const),
      hash: '',
      cooldownMs,
      cooldownByCommonName,
    }
  )
}

/** The kind's rule, bound from the kind's own keys. Undefined if those cannot be read. */
const bindRule = (
  file: YamlFile,
  path: Path,
  kind: PolicyKind,
  policy: Written,
  shared: Shared,
): { readonly rule: unknown } | undefined => {
  const ownKeys = keysOfKind(kind)
  const own = Object.fromEntries(Object.entries(policy).filter(([key]) => ownKeys.includes(key)))
  const read = readValue(file, kind.keys, path, own)
  if (read === undefined) return undefined
  // If a key was left out as invalid, the kind may report that something is missing. Then only problems at a written
  // key are certain.
  const isComplete = !ownKeys.some((key) => file.isFlawed([...path, key]))
  const problem: Shared['problem'] = (at, message, known) => {
    if (isComplete || (at[0] !== undefined && at[0] in own)) shared.problem(at, message, known)
  }
  return { rule: kind.bind(read as never, { ...shared, problem }) }
}

const isEmptyMap = (value: unknown) =>
  typeof value === 'object' && value !== null && !Array.isArray(value) && Object.keys(value).length === 0

const reportForeignKeys = (file: YamlFile, path: Path, policy: Written, kind: PolicyKind | undefined): void => {
  const shapes = (kind === undefined ? POLICY_KINDS : [kind]).map(({ keys }) => keys.shape)
  const known: Shape = Object.assign({}, commonKeys, ...shapes)
  for (const key of Object.keys(policy)) {
    if (Object.hasOwn(known, key)) continue
    const owner = kind && POLICY_KINDS.find((other) => keysOfKind(other).includes(key))
    if (owner === undefined) {
      reportUnknownKey(file, path, policy, key, known)
    } else {
      const message = `"${key}" is a key of ${owner.kind}, not of ${kind?.kind}: remove it, or correct the kind`
      file.problem([...path, key], message, { at: 'key' })
    }
  }
}

/** Whether a policy of some kind has the key. */
export const isPolicyKey = (key: string): boolean =>
  Object.hasOwn(commonKeys, key) || POLICY_KINDS.some((kind) => keysOfKind(kind).includes(key))

const keysOfKind = (kind: PolicyKind): string[] => Object.keys(kind.keys.shape)

const kindOf = (file: YamlFile, path: Path, { kind: word }: Written): PolicyKind | undefined => {
  const at = [...path, 'kind']
  const kinds = POLICY_KINDS.map(({ kind }) => kind)
  const written = readValue(file, commonKeys.kind, at, word)
  if (written === undefined || typeof word !== 'string') return undefined
  const found = POLICY_KINDS.find(({ kind }) => kind === written)
  if (found === undefined) {
    file.problem(at, `unknown kind "${written}": expected one of ${kinds.join(', ')}`, { known: kinds })
  }
  return found
}
