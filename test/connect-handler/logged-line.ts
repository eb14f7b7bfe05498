import * as z from 'zod'

const LINE = z.looseObject({
  _aws: z.looseObject({ Timestamp: z.int(), CloudWatchMetrics: z.array(z.looseObject({})).min(1) }),
  FunctionName: z.string(),
  Decision: z.enum(['allow', 'deny', 'audit', 'on-error']),
  policy: z.string().optional(),
  reason: z.string().optional(),
})

/** The line of the log about one request. Throws if there is none, or more than one. */
export const loggedLine = (log: string): z.output<typeof LINE> => {
  const [line = '', rest, ...more] = log.split('\n')
  if (rest !== '' || more.length > 0) throw new Error(`expected one line of the log: ${JSON.stringify(log)}`)
  return LINE.parse(JSON.parse(line))
}
