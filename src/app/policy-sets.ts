import { type GuardMemory, setsIn } from '../domain/guard/guard.ts'
import type { PolicySet } from '../domain/policies/policy-set.ts'

/** Policy sets as an operator wrote them, by hash. The state file keeps those that the guard may compare with. */
export type WrittenPolicySets = Readonly<Record<string, unknown>>

/** Binds a policy set that an earlier process wrote into the state. Undefined if this version cannot read it. */
export type ReadPolicySet = (written: unknown) => PolicySet | undefined

/** The policy sets in force now and earlier. */
export const createPolicySets = (kept: WrittenPolicySets, read: ReadPolicySet) => {
  const written = new Map(Object.entries(kept))
  const bound = new Map<string, PolicySet | undefined>()

  return {
    add(hash: string, set: PolicySet, content: unknown): void {
      written.set(hash, content)
      bound.set(hash, set)
    },

    find(hash: string): PolicySet | undefined {
      if (!bound.has(hash) && written.has(hash)) bound.set(hash, read(written.get(hash)))
      return bound.get(hash)
    },

    /** For the state file: the sets that these memories refer to. All others but the one in force are forgotten. */
    kept(memories: Iterable<GuardMemory>, inForce: string): WrittenPolicySets {
      const needed = new Set([inForce])
      for (const memory of memories) for (const hash of setsIn(memory)) needed.add(hash)
      for (const hash of written.keys()) {
        if (needed.has(hash)) continue
        written.delete(hash)
        bound.delete(hash)
      }
      return Object.fromEntries(written)
    },
  }
}
