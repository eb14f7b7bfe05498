import { parse, stringify } from '#devalue'
import type { DoorRules } from '../domain/door/door-rules.ts'
import type { Policy } from '../domain/policies/policy.ts'
import { POLICY_KINDS } from '../domain/policies/registry.ts'

/** The settings that answer and log also where the rules cannot be revived. */
export interface DoorSettings extends Pick<DoorRules, 'mode' | 'onError' | 'policySetHash' | 'showNames'> {
  /** The hash of everything that is baked. Handlers with one `policySetHash` may have other settings. */
  readonly handlerHash: string
}

/** The rules of the door as they stand in the handler's file. */
export interface Baked {
  readonly settings: DoorSettings
  /** Everything else, as text. */
  readonly rules: string
}

type Rest = Omit<DoorRules, keyof DoorSettings>
type BakedRest = Omit<Rest, 'policies'> & { readonly policies: readonly BakedPolicy[] }
type BakedPolicy = Omit<Policy, 'kind'> & { readonly kind: string }

/**
 * Makes text of rules. A kind is its word, and an object that several rules share is written once: policies share the
 * entries of groups and the dates of calendars. Throws if a rule is anything but data.
 */
export const bake = (
  { mode, onError, policySetHash, showNames, ...rest }: DoorRules,
  hashOf: (text: string) => string,
): Baked => {
  const baked: BakedRest = { ...rest, policies: rest.policies.map((policy) => ({ ...policy, kind: policy.kind.kind })) }
  const settings = { mode, onError, policySetHash, showNames }
  const rules = stringify(baked)
  return { settings: { ...settings, handlerHash: hashOf(JSON.stringify([settings, rules])) }, rules }
}

/** Makes the rules of their text. */
export const revive = ({ settings: { handlerHash: _hash, ...settings }, rules }: Baked): DoorRules => {
  const baked = parse(rules) as BakedRest
  return { ...baked, ...settings, policies: baked.policies.map((policy) => ({ ...policy, kind: kindOf(policy.kind) })) }
}

const kindOf = (word: string) => {
  const found = POLICY_KINDS.find(({ kind }) => kind === word)
  if (found === undefined) throw new Error(`the kind "${word}" is not known to this handler`)
  return found
}
