type Json = Readonly<Record<string, unknown>>

/** A statement of an IAM policy as a template holds it, with functions in place of ARNs. */
export interface AccessStatement {
  readonly Effect: 'Allow' | 'Deny'
  readonly Action: string | readonly string[]
  readonly Condition?: Readonly<Record<string, Json>>
}

/** A mount as IAM sees it. A key that the request does not have is left out. */
export interface Mount {
  readonly action: string
  readonly context: Json
}

const same = (one: unknown, other: unknown) => JSON.stringify(one) === JSON.stringify(other)

/** IAM's rule for a key that the request lacks: a negated operator holds, any other one does not. */
const OPERATORS: Readonly<Record<string, (wanted: unknown, found: unknown) => boolean>> = {
  StringEquals: same,
  ArnNotEquals: (wanted, found) => !same(wanted, found),
  Bool: (wanted, found) => wanted === found,
  Null: (wanted, found) => wanted === String(found === undefined),
}

const applies = ({ Action, Condition = {} }: AccessStatement, { action, context }: Mount): boolean =>
  [Action].flat().some((pattern) => new RegExp(`^${pattern.replaceAll('*', '.*')}$`).test(action)) &&
  Object.entries(Condition).every(([operator, keys]) =>
    Object.entries(keys).every(([key, wanted]) => OPERATORS[operator]?.(wanted, context[key]) === true),
  )

/** Whether the policy of the file system and those of the caller allow a mount: one allows it, and none denies it. */
export const mayMount = (statements: readonly AccessStatement[], mount: Mount): boolean => {
  const effects = statements.filter((statement) => applies(statement, mount)).map(({ Effect }) => Effect)
  return effects.includes('Allow') && !effects.includes('Deny')
}
