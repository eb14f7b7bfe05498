/** The checks in the order in which they depend on each other: a later one needs some of the earlier ones. */
export const CHECK_NAMES = [
  'configuration',
  'secrets',
  'audit',
  'state',
  'engine',
  'server',
  'proxy',
  'network',
  'clock',
  'credentials',
  'endpoints',
  'permissions',
  'connections',
  'times',
  'user-names',
  'byte-counters',
] as const
export type CheckName = (typeof CHECK_NAMES)[number]

/** Something that is not as it should be, and what to do. */
interface Fault {
  readonly found: string
  readonly expected: string
  readonly advice: string
}

/** What one check has found. Curfew runs despite a `warning`, but not as the operator expects. */
export type Finding =
  | { readonly state: 'ok'; readonly found: string }
  | (Fault & { readonly state: 'warning' })
  | (Fault & { readonly state: 'failed' })
  | { readonly state: 'not-checked'; readonly because: string }

/** A finding, and what later checks need of it. Without a value they are not asked. */
export interface Answer<Value> {
  readonly finding: Finding
  /** The check to which the finding belongs, if it is not the one that asked. */
  readonly name?: CheckName
  readonly value?: Value
}

export const ok = (found: string): Finding => ({ state: 'ok', found })
export const warning = (fault: Fault): Finding => ({ ...fault, state: 'warning' })
export const failed = (fault: Fault): Fault & { readonly state: 'failed' } => ({ ...fault, state: 'failed' })
export const notChecked = (because: string): Finding => ({ state: 'not-checked', because })
