import type * as z from 'zod'
import { UsageError } from './command.ts'

/** The text, if it has the form that the configuration asks of it. `what`: the option or variable that has it. */
export const checked = (schema: z.ZodType<string>, what: string, text: string): string => {
  const { success, error } = schema.safeParse(text)
  if (success) return text
  throw new UsageError(`${what}: ${error.issues[0]?.message ?? 'invalid'}`)
}
