/** The name and the result of one of Grafana's reductions of a line to a number. */
export const reduced = (calc: string, numbers: readonly number[]): readonly [name: string, number | undefined] => {
  switch (calc) {
    case 'lastNotNull':
      return ['Last *', numbers.at(-1)]
    case 'max':
      return ['Max', numbers.length === 0 ? undefined : Math.max(...numbers)]
    case 'sum':
      return ['Total', numbers.reduce((sum, value) => sum + value, 0)]
    default:
      throw new Error(`the preview does not know the reduction ${calc}: add it to reduced.ts`)
  }
}
