import { readsOf } from '../names/endpoint-pattern.ts'
import type { Policy, Selector } from '../policies/policy.ts'

/** The facts that the selectors of a policy read, and that the door knows better or worse than the daemon. */
export interface FactsRead {
  /** Facts of the endpoint, in an order of their own: the door knows no tags, and only the names that the file gives. */
  readonly endpoint: readonly ('tags' | 'name')[]
  /** The keys under `door` in its selectors: facts that the daemon never knows. */
  readonly door: readonly string[]
}

export const factsReadBy = ({ match, exempt }: Policy): FactsRead => {
  const selectors = [match, exempt].flatMap((selector): readonly Selector[] => (selector ? [selector] : []))
  const read = new Set(selectors.flatMap(({ endpoints = [] }) => endpoints.map(({ pattern }) => readsOf(pattern))))
  const keys = selectors.flatMap(({ door = {} }) =>
    Object.entries(door).flatMap(([key, entries]) => (entries === undefined ? [] : [key])),
  )
  return { endpoint: (['tags', 'name'] as const).filter((fact) => read.has(fact)), door: [...new Set(keys)] }
}
