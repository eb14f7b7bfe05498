import { AwsError } from './aws-error.ts'

export interface Filter {
  readonly name: string
  readonly values: readonly string[]
}

/** The parameters of one request. A parameter that no method has read by the end is unknown to the action. */
export interface AwsQuery {
  /** Undefined if the parameter is absent or empty. */
  text(name: string): string | undefined
  required(name: string): string
  flag(name: string): boolean
  integer(name: string, least: number, most: number): number | undefined
  /** `Name.1`, `Name.2`, … */
  list(name: string): string[]
  /** `Filter.1.Name`, `Filter.1.Value.1`, …; throws InvalidFilter for a name that is not in `known`. */
  filters(known: readonly string[]): Filter[]
  /** Throws UnknownParameter for the first parameter that was not read. */
  refuseUnread(): void
}

const MEMBER = /^\.(\d+)(?:\.|$)/

export const createQuery = (parameters: ReadonlyMap<string, string>): AwsQuery => {
  const unread = new Set(parameters.keys())
  unread.delete('Action')
  unread.delete('Version')

  const text = (name: string) => {
    unread.delete(name)
    return parameters.get(name) || undefined
  }

  const required = (name: string) => {
    const value = text(name)
    if (value === undefined) throw new AwsError('MissingParameter', `The request must contain the parameter ${name}`)
    return value
  }

  const numbersOf = (name: string): number[] => {
    const numbers = new Set<number>()
    for (const key of parameters.keys()) {
      const found = key.startsWith(name) ? MEMBER.exec(key.slice(name.length)) : null
      if (found !== null) numbers.add(Number(found[1]))
    }
    return [...numbers]
  }

  const list = (name: string) => numbersOf(name).map((number) => required(`${name}.${number}`))

  return {
    text,
    required,
    list,
    flag(name) {
      const value = text(name) ?? 'false'
      if (value === 'true' || value === 'false') return value === 'true'
      throw new AwsError('InvalidParameterValue', `Invalid value '${value}' for ${name}: must be true or false`)
    },
    integer(name, least, most) {
      const value = text(name)
      if (value === undefined) return undefined
      const number = Number(value)
      if (/^-?\d+$/.test(value) && number >= least && number <= most) return number
      throw new AwsError(
        'InvalidParameterValue',
        `Value (${value}) for parameter ${name} is invalid: it must be between ${least} and ${most}`,
      )
    },
    filters: (known) =>
      numbersOf('Filter').map((number) => {
        const name = required(`Filter.${number}.Name`)
        const values = list(`Filter.${number}.Value`)
        if (!known.includes(name)) throw new AwsError('InvalidFilter', `The filter '${name}' is invalid`)
        if (values.length === 0) throw new AwsError('InvalidParameterValue', `The filter '${name}' has no values`)
        return { name, values }
      }),
    refuseUnread() {
      for (const name of unread) throw new AwsError('UnknownParameter', `The parameter ${name} is not recognized`)
    },
  }
}
