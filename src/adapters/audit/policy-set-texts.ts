import type { PolicySetRecord } from '../../app/audit.ts'
import { BEGINNING_BYTES } from './audit-line.ts'

/** The policy sets whose whole text is in the current file. */
export interface PolicySetTexts {
  has(hash: string): boolean
  add(record: Pick<PolicySetRecord, 'policySetHash' | 'part' | 'parts'>): void
  /** Adds the record of a line, if it is one of a policy set. */
  addLine(line: Buffer): void
  /** The file was rotated. A text counts for the file in which it ends. */
  rotated(): void
}

export const createPolicySetTexts = (): PolicySetTexts => {
  const partsSeen = new Map<string, Set<number>>()
  const whole = new Set<string>()

  const add: PolicySetTexts['add'] = ({ policySetHash: hash, part, parts }) => {
    const seen = partsSeen.get(hash) ?? new Set<number>()
    partsSeen.set(hash, seen.add(part))
    if (seen.size < parts) return
    whole.add(hash)
    partsSeen.delete(hash)
  }

  return {
    has: (hash) => whole.has(hash),
    add,
    addLine(line) {
      if (!line.subarray(0, 2 * BEGINNING_BYTES).includes('"event":"policy-set"')) return
      add(JSON.parse(line.toString()) as PolicySetRecord)
    },
    rotated: () => whole.clear(),
  }
}
