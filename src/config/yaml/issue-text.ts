import * as z from 'zod'
import { suggestion } from './nearest.ts'

const EXPECTED: Record<string, string> = {
  string: 'text',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
  array: 'a list',
  object: 'a map of keys and values',
  record: 'a map of keys and values',
}

const expectedText = (expected: string) => EXPECTED[expected] ?? expected

const quoted = (text: string) => JSON.stringify(text.length > 60 ? `${text.slice(0, 60)}…` : text)

/** The found value in words for an operator. `written` is a scalar as written in the file. */
const foundText = (input: unknown, written: string | undefined): string => {
  if (Array.isArray(input)) return 'a list'
  if (typeof input === 'object' && input !== null) return 'a map'
  return typeof input === 'string' ? quoted(input) : (written ?? String(input))
}

const wrongType = (expected: string, input: unknown, written: string | undefined): string => {
  const isScalar = typeof input !== 'object' || input === null
  const source = written ?? foundText(input, undefined)
  if (expected === 'string' && isScalar) {
    const type = input === null ? 'nothing (null)' : typeof input === 'boolean' ? 'a boolean' : 'a number'
    return `${source} is ${type} in YAML, not text: write it in quotes, "${source}"`
  }
  const message = `expected ${expectedText(expected)}, found ${foundText(input, written)}`
  if (expected === 'array' && isScalar) return `${message}: write [${written ?? ''}]`
  const isNumber = typeof input === 'string' && input.trim() !== '' && Number.isFinite(Number(input))
  return (expected === 'number' || expected === 'int') && isNumber ? `${message}: remove the quotes` : message
}

const wrongSize = (issue: z.core.$ZodIssueTooSmall | z.core.$ZodIssueTooBig, input: unknown): string => {
  const small = issue.code === 'too_small'
  const bound = small ? issue.minimum : issue.maximum
  if (small && issue.origin === 'array') return 'the list is empty: add an entry, or remove the key'
  if (small && issue.origin === 'string')
    return 'the text is empty: write a value between the quotes, or remove the key'
  const limit = small ? (issue.inclusive === false ? 'more than' : 'at least') : 'at most'
  return `${String(input)} is too ${small ? 'small' : 'large'}: expected ${limit} ${bound}`
}

/** The message for a missing key, with the purpose of the key. */
const missing = (key: string, schema: z.core.$ZodType | undefined, expected: string): string => {
  const description = schema && z.globalRegistry.get(schema)?.description
  const purpose =
    description === undefined
      ? `expected ${expected}`
      : `${description.charAt(0).toLowerCase()}${description.slice(1).replace(/\.$/, '')}`
  return `the key "${key}" is missing: ${purpose}`
}

/** The error that would remain if the value were written in quotes; undefined if quotes fix the mistake. */
const errorInQuotes = (schema: z.core.$ZodType | undefined, written: string | undefined): string | undefined => {
  if (schema === undefined || written === undefined) return undefined
  const [issue] = z.safeParse(schema, written).error?.issues ?? []
  return issue?.code === 'custom' || issue?.code === 'invalid_format' ? issue.message : undefined
}

/**
 * The message for a schema issue: what was found, what was expected, what to do. `written` is the scalar in the file.
 */
export const issueText = (
  issue: z.core.$ZodIssue,
  written: string | undefined,
  schema: z.core.$ZodType | undefined,
): string => {
  const { input } = issue
  const key = String(issue.path.findLast((step) => typeof step === 'string') ?? '')
  switch (issue.code) {
    case 'invalid_type':
      if (input === undefined) return missing(key, schema, expectedText(issue.expected))
      return (
        (issue.expected === 'string' && errorInQuotes(schema, written)) || wrongType(issue.expected, input, written)
      )
    case 'invalid_value': {
      const values = issue.values.map(String)
      const expected = values.length > 1 ? `one of ${values.join(', ')}` : values.join('')
      if (input === undefined) return missing(key, schema, expected)
      const isQuoted = typeof input === 'string' && !issue.values.some((value) => typeof value === 'string')
      if (isQuoted) return `${key} is ${quoted(input)}, expected ${expected}: remove the quotes`
      const shown = typeof input === 'string' ? input : foundText(input, written)
      return `${key} is ${shown}, expected ${expected}${values.length > 1 ? suggestion(shown, values) : ''}`
    }
    case 'invalid_union': {
      const expected = [
        ...new Set(
          issue.errors.flatMap((branch) => branch.filter(isTypeOfRoot).map((type) => expectedText(type.expected))),
        ),
      ]
      return input === undefined
        ? missing(key, schema, expected.join(' or '))
        : input === null || typeof input === 'number' || typeof input === 'boolean'
          ? wrongType('string', input, written)
          : `expected ${expected.join(' or ')}, found ${foundText(input, written)}`
    }
    case 'too_small':
    case 'too_big':
      return wrongSize(issue, input)
    case 'invalid_key':
      return issue.issues[0]?.message ?? issue.message
    default:
      return issue.message
  }
}

export const isTypeOfRoot = (issue: z.core.$ZodIssue): issue is z.core.$ZodIssueInvalidType =>
  issue.code === 'invalid_type' && issue.path.length === 0
