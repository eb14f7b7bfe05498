import { bytesOf, inOneLine, MOST_BYTES } from './answer-text.ts'

/** What a message for the person may hold in braces. */
const PLACEHOLDERS = ['until', 'policy', 'reason'] as const
type Placeholder = (typeof PLACEHOLDERS)[number]

const IN_BRACES = /\{([^{}]*)\}/g

const CONTROL = /(?!\s)\p{Cc}/u

const isPlaceholder = (word: string): word is Placeholder => PLACEHOLDERS.some((known) => known === word)

/** The message with the values of its placeholders. */
export const filledIn = (message: string, values: Readonly<Record<Placeholder, string>>): string =>
  message.replace(IN_BRACES, (whole, word: string) => (isPlaceholder(word) ? values[word] : whole))

/** The shortest values of placeholders: the reason of a ban may be one letter. */
const SHORTEST = { until: 'Mon 07:30 UTC', reason: '.' }

interface MessageProblem {
  readonly problem: string
  /** The word that is not known, and the known ones. */
  readonly options?: { readonly word: string; readonly known: readonly string[] }
}

/** What is wrong with a message that an operator wrote for the policy `policy`. Undefined: nothing. */
export const messageProblem = (message: string, policy: string): MessageProblem | undefined => {
  if (inOneLine(message) === '') return { problem: 'the message is blank: write a text, or remove the key' }
  if (CONTROL.test(message)) return { problem: 'the message contains a control character: remove it' }
  const [unknown, word = ''] = [...message.matchAll(IN_BRACES)].find(([, inside = '']) => !isPlaceholder(inside)) ?? []
  if (unknown !== undefined) {
    const known = PLACEHOLDERS.map((each) => `{${each}}`).join(', ')
    return {
      problem: `${unknown} is not a placeholder: expected one of ${known}`,
      options: { word, known: PLACEHOLDERS },
    }
  }
  const excess = bytesOf(inOneLine(filledIn(message, { ...SHORTEST, policy }))) - MOST_BYTES
  if (excess <= 0) return undefined
  return {
    problem: `the message is too long: AWS takes ${MOST_BYTES} bytes, so remove at least ${excess} (most letters beyond English have 2 or 3)`,
  }
}
