import * as z from 'zod'
import { testFile } from '../policy-tests/policy-test-schema.ts'
import { curfewKeys } from './curfew-schema.ts'
import { policiesFile } from './policies-schema.ts'

/**
 * A JSON Schema, draft 2020-12, of a file that an operator writes. It is for editors and lacks rules that involve
 * several keys.
 */
const jsonSchema = (schema: z.ZodType, title: string): Readonly<Record<string, unknown>> => ({
  title,
  ...z.toJSONSchema(schema, { io: 'input' }),
})

/** The schema of policy files. */
export const policiesJsonSchema = () => jsonSchema(policiesFile, 'Policies of Curfew')

/** The schema of `curfew.yaml`. */
export const curfewJsonSchema = () => jsonSchema(z.strictObject(curfewKeys), 'Configuration of Curfew')

/** The schema of policy test files, `*.test.yaml`. */
export const testJsonSchema = () => jsonSchema(testFile, 'Policy tests of Curfew')
