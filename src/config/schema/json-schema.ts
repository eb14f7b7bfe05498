import * as z from 'zod'
import { testFile } from '../policy-tests/policy-test-schema.ts'
import { curfewKeys } from './curfew-schema.ts'
import { policiesFile } from './policies-schema.ts'

/** A JSON Schema, draft 2020-12, of what an operator writes. Editors read it; rules that span several keys are not in it. */
const jsonSchema = (schema: z.ZodType, title: string): Readonly<Record<string, unknown>> => ({
  title,
  ...z.toJSONSchema(schema, { io: 'input' }),
})

/** For files of policies. */
export const policiesJsonSchema = () => jsonSchema(policiesFile, 'Policies of Curfew')

/** For `curfew.yaml`. */
export const curfewJsonSchema = () => jsonSchema(z.strictObject(curfewKeys), 'Configuration of Curfew')

/** For files of policy tests, `*.test.yaml`. */
export const testJsonSchema = () => jsonSchema(testFile, 'Policy tests of Curfew')
