import { hashOfText, type PolicySetContent, policySetText } from '../config/bind/policy-set-hash.ts'
import { createOneAtATime, type InTurn } from './one-at-a-time.ts'

/** A part of the text of a policy set. All parts of a text, joined in their order, are the text that its hash is of. */
export interface PolicySetPart {
  /** From 1. */
  readonly part: number
  readonly parts: number
  readonly text: string
}

/**
 * In UTF-16 units. A line of the trail holds a part although each unit may take six bytes there: compare
 * `LONGEST_LINE_BYTES`.
 */
export const LONGEST_PART = 128 * 1024

/** The text in parts. No part ends within a character. */
export const partsOf = (text: string): readonly PolicySetPart[] => {
  const texts: string[] = []
  for (let from = 0; from < text.length; ) {
    const to = from + LONGEST_PART
    const end = isHighSurrogate(text.charCodeAt(to - 1)) ? to - 1 : to
    texts.push(text.slice(from, end))
    from = end
  }
  return texts.map((one, index) => ({ part: index + 1, parts: texts.length, text: one }))
}

/** What the daemons of a process share to write the texts of their policy sets. */
export interface PolicySetWriting {
  /** The parts of the text of a written policy set. */
  readonly partsOf: (written: unknown) => readonly PolicySetPart[]
  /** One text is written at a time. */
  readonly inTurn: InTurn
}

/** Many units write the same policy set, and its text takes long to make: it is made once for the same value. */
export const createPolicySetWriting = (): PolicySetWriting => {
  let last: { readonly written: unknown; readonly parts: readonly PolicySetPart[] } | undefined
  return {
    partsOf(written) {
      if (last !== undefined && last.written === written) return last.parts
      const parts = partsOf(policySetText(written))
      last = { written, parts }
      return parts
    },
    inTurn: createOneAtATime(),
  }
}

const isHighSurrogate = (unit: number) => unit >= 0xd800 && unit < 0xdc00

/**
 * The policy set of a hash, from the parts that a trail holds of it, in any order. A trail may hold some of them twice.
 * `incomplete`: parts are missing. `other-hash`: the text is not the one that was hashed.
 */
export const joinPolicySet = (
  hash: string,
  found: Iterable<PolicySetPart>,
): { readonly content: PolicySetContent } | { readonly problem: 'incomplete' | 'other-hash' } => {
  const byCount = new Map<number, Map<number, string>>()
  for (const { part, parts, text } of found) {
    const texts = byCount.get(parts) ?? new Map<number, string>()
    byCount.set(parts, texts.set(part, text))
  }
  const whole = [...byCount].filter(([parts, texts]) => texts.size === parts)
  for (const [, texts] of whole) {
    const text = [...texts]
      .sort(([one], [other]) => one - other)
      .map(([, part]) => part)
      .join('')
    if (hashOfText(text) === hash) return { content: JSON.parse(text) as PolicySetContent }
  }
  return { problem: whole.length === 0 ? 'incomplete' : 'other-hash' }
}
