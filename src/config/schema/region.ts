import * as z from 'zod'

/** It becomes a part of a host name, which has up to 63 characters. */
export const region = z.string().regex(/^(?=.{1,63}$)[a-z]{2,4}(?:-[a-z]+)+-\d{1,2}$/, {
  error: ({ input }) => `${JSON.stringify(input)} is not an AWS Region: write its code, such as eu-central-1`,
})
