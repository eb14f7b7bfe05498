import { invisiblesIn, isBlank } from '../names/fold.ts'
import { codePointOf } from '../names/pattern.ts'
import { bytesOf, endsSentence, inOneLine, MOST_BYTES } from './answer-text.ts'

/** What a message for the person may hold in braces. */
const PLACEHOLDERS = ['until', 'policy', 'reason'] as const
type Placeholder = (typeof PLACEHOLDERS)[number]

const IN_BRACES = /\{([^{}]*)\}/g

/** With the full stop after it, if there is one. */
const WITH_STOP = /\{([^{}]*)\}(\.?)/g

const IN_SINGLE_BRACES = /(?<!\{)\{[^{}]*\}(?!\})/g

const CONTROL = /(?!\s)\p{Cc}/u

const isPlaceholder = (word: string): word is Placeholder => PLACEHOLDERS.some((known) => known === word)

/** An opening that is not known, as it reads after `until` and elsewhere. */
const NOT_KNOWN = { afterUntil: 'further notice', elsewhere: 'a time not yet known' }

/** What stands for the placeholders. */
interface Values {
  /** Undefined: not known. */
  readonly until: string | undefined
  readonly policy: string
  readonly reason: string
}

/** The message with the values of its placeholders. A sentence that a value ends is not ended once more. */
export const filledIn = (message: string, values: Values): string =>
  message.replace(WITH_STOP, (whole, word: string, stop: string, at: number) => {
    if (!isPlaceholder(word)) return whole
    const notKnown = /\buntil\s+$/i.test(message.slice(0, at)) ? NOT_KNOWN.afterUntil : NOT_KNOWN.elsewhere
    const value = values[word] ?? notKnown
    return endsSentence(value) ? value : `${value}${stop}`
  })

/** The shortest values of placeholders: the reason of a ban may be one letter. */
const SHORTEST = { until: 'Mon 07:30 UTC', reason: '.' }

interface MessageProblem {
  readonly problem: string
  /** The word that is not known, and the known ones. */
  readonly options?: { readonly word: string; readonly known: readonly string[] }
}

/** What is wrong with a message that an operator wrote for the policy `policy`. Undefined: nothing. */
export const messageProblem = (message: string, policy: string): MessageProblem | undefined => {
  if (isBlank(inOneLine(message))) return { problem: 'the message is blank: write a text, or remove the key' }
  if (CONTROL.test(message)) return { problem: 'the message contains a control character: remove it' }
  const [invisible] = invisiblesIn(message)
  if (invisible !== undefined) {
    return { problem: `the message contains ${codePointOf(invisible)}, an invisible character: remove it` }
  }
  const known = PLACEHOLDERS.map((each) => `{${each}}`).join(', ')
  const [unknown, word = ''] = [...message.matchAll(IN_BRACES)].find(([, inside = '']) => !isPlaceholder(inside)) ?? []
  if (unknown !== undefined) {
    return {
      problem: `${unknown} is not a placeholder: expected one of ${known}`,
      options: { word, known: PLACEHOLDERS },
    }
  }
  if (/[{}]/.test(message.replaceAll(IN_SINGLE_BRACES, ''))) {
    return { problem: `the message has a brace that belongs to no placeholder: remove it, or write one of ${known}` }
  }
  const excess = bytesOf(inOneLine(filledIn(message, { ...SHORTEST, policy }))) - MOST_BYTES
  if (excess <= 0) return undefined
  return {
    problem: `the message is too long: AWS takes ${MOST_BYTES} bytes, so remove at least ${excess} (most letters beyond English have 2 or 3)`,
  }
}
