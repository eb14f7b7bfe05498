import * as z from 'zod'

const LONGEST = 255

/** Without control characters, and without halves of characters. */
const text = z
  .string()
  .max(LONGEST)
  .regex(/^[^\p{Cc}\p{Cs}\u2028\u2029]*$/u)
const statuses = z.array(text.min(1)).max(10)

/**
 * AWS's answers: it denies the connection unless every key is there, under the name of that version. Source: "Connection
 * authorization" in the AWS Client VPN Administrator Guide; the name in v1 is that of AWS's samples.
 */
const ANSWER = z.discriminatedUnion('schema-version', [
  z.strictObject({
    allow: z.boolean(),
    'error-msg-on-failed-posture-compliance': text,
    'posture-compliance-statuses': statuses,
    'schema-version': z.literal('v1'),
  }),
  z.strictObject({
    allow: z.boolean(),
    'error-msg-on-denied-connection': text,
    'posture-compliance-statuses': statuses,
    'schema-version': z.enum(['v2', 'v3']),
  }),
])

export type Answer = z.output<typeof ANSWER>

const KNOWN: readonly unknown[] = ['v1', 'v2', 'v3']

const versionOf = (event: unknown): unknown =>
  typeof event === 'object' && event !== null && Object.hasOwn(event, 'schema-version')
    ? (event as { readonly 'schema-version': unknown })['schema-version']
    : undefined

/** The answer, if AWS accepts it for this request. Throws if not. */
export const validAnswer = (event: unknown, given: unknown): Answer => {
  // Lambda sends the answer as JSON: what JSON leaves out is missing.
  const answer = ANSWER.parse(JSON.parse(JSON.stringify(given)))
  const asked = versionOf(event)
  if (KNOWN.includes(asked) && answer['schema-version'] !== asked) {
    throw new Error(`the request is in ${String(asked)}, and the answer in ${answer['schema-version']}`)
  }
  return answer
}
