import * as z from 'zod'

/** The JSON Schema of a file, for editors. Curfew ignores it. */
export const schemaKey = z.string().optional().meta({ description: 'The JSON Schema of this file, for editors.' })
