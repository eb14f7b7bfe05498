import * as z from 'zod'

/** The key `people` of `curfew.yaml`. */
export const people = z
  .strictObject({
    file: z
      .string()
      .min(1)
      .meta({
        description: 'A CSV file with the columns name and address; relative to this file.',
        examples: ['./people.csv'],
      }),
  })
  .meta({ description: 'The mail addresses of users whose user name is none.' })
