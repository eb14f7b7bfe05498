import { isLine } from '../../domain/recording/log-record.ts'
import { LISTS } from './json-bytes.ts'
import type { Lines } from './lines-read.ts'

/** Lists in lists, objects in messages: no log needs more. */
const DEEPEST = 8

/** What CloudWatch Logs sends on its own, to try whether a subscription works. */
const CONTROL = 'CONTROL_MESSAGE'

/**
 * Takes the lines of a log out of a parsed value, in whatever AWS has wrapped them: a list of events with their messages,
 * rows of a query as fields with values, or a text that is JSON itself.
 */
export const takeValue = (value: unknown, lines: Lines, file: string, line: number, depth = 0): void => {
  const take = (inner: unknown) => takeValue(inner, lines, file, line, depth + 1)
  if (depth > DEEPEST) lines.fail(file, line, 'it is nested too deep')
  else if (typeof value === 'string') takeText(value, take, () => lines.fail(file, line, noJson(value)))
  else if (Array.isArray(value)) {
    if (value.length > 0 && value.every(isCell)) take(Object.fromEntries(value.map((cell) => [cell.field, cell.value])))
    else value.forEach(take)
  } else if (typeof value !== 'object' || value === null || isLine(value as Fields)) lines.take(value, file, line)
  else takeObject(value as Fields, take, lines, file, line)
}

type Fields = Readonly<Record<string, unknown>>

const takeObject = (fields: Fields, take: (inner: unknown) => void, lines: Lines, file: string, line: number) => {
  if (fields.messageType === CONTROL) {
    lines.pass()
    return
  }
  const lists = [...LISTS].map((key) => fields[key]).filter(Array.isArray)
  const message = fields.message ?? fields['@message']
  if (lists.length > 0) lists.flat().forEach(take)
  else if (message === undefined) lines.take(fields, file, line)
  else take(message)
}

const takeText = (text: string, take: (inner: unknown) => void, fail: () => void) => {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    fail()
    return
  }
  take(value)
}

const isCell = (value: unknown): value is { readonly field: string; readonly value: unknown } =>
  typeof value === 'object' && value !== null && 'field' in value && typeof value.field === 'string' && 'value' in value

const LONGEST_QUOTE = 60

/** The text that was found in place of JSON. It may hold any character: escape it where it is printed. */
export const noJson = (text: string): string => `it is no JSON: ${JSON.stringify(text.trim().slice(0, LONGEST_QUOTE))}`
