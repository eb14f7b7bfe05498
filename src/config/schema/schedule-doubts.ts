/** The fields of a cron expression, the last five or all six, with the number of their values and a unit for people. */
const FIELDS: ReadonlyArray<readonly [name: string, size: number, whole: string]> = [
  ['seconds', 60, 'a minute'],
  ['minutes', 60, 'an hour'],
  ['hours', 24, 'a day'],
  ['day of the month', 31, 'a month'],
  ['month', 12, 'a year'],
  ['day of the week', 7, 'a week'],
]

/** Parts of a valid cron expression that probably do not mean what the operator wants. */
export const scheduleDoubts = (expression: string): readonly string[] => {
  const written = expression.trim().split(/\s+/)
  const fields = FIELDS.slice(FIELDS.length - written.length).map(
    (field, index) => [...field, written[index] ?? '*'] as const,
  )
  const doubts = fields.flatMap(([name, size, whole, text]) =>
    [...text.matchAll(/\/(\d+)/g)]
      .filter(([, step]) => Number(step) >= size)
      .map(([, step]) => {
        const instead = `write a smaller step, such as */${Math.floor(size / 2)}, or the value at which to poll, such as 0`
        return `the step ${step} in the ${name} is not shorter than ${whole}, so it means once in ${whole}: ${instead}`
      }),
  )
  const restricts = (name: string) => fields.some(([field, , , text]) => field === name && !/^(?:\*|\?)$/.test(text))
  if (restricts('day of the month') && restricts('day of the week')) {
    doubts.push(
      'the schedule names a day of the month and a day of the week: it polls on each day that is the one or the other. Write * for one of the two',
    )
  }
  return doubts
}
