import * as z from 'zod'

/** The key `rate`, with these defaults. */
export const rateOf = (burst: number, perSecond: number, what = 'requests') =>
  z
    .strictObject({
      burst: z
        .int()
        .min(1)
        .default(burst)
        .meta({ description: `How many ${what} may be sent at once.` }),
      perSecond: z
        .number()
        .positive()
        .default(perSecond)
        .meta({ description: `How many ${what} per second are sent in the long run.` }),
    })
    .prefault({})
