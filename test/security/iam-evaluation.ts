import type { IamPolicy, Statement } from '../../scripts/iam-policies.ts'

/** One call as IAM sees it. */
export interface Call {
  readonly action: string
  readonly resource: string
  /** The values of the condition keys of this call. */
  readonly context: Readonly<Record<string, string>>
}

const list = (values: string | readonly string[] = []): readonly string[] =>
  typeof values === 'string' ? [values] : values

/** The patterns of these policies have no wildcard but `*`. */
const matches = (pattern: string, text: string): boolean =>
  new RegExp(`^${pattern.replace(/[.+?^${}()|[\]\\]/g, '\\$&').replaceAll('*', '.*')}$`).test(text)

const applies = ({ Action, Resource, Condition }: Statement, { action, resource, context }: Call): boolean =>
  list(Action).includes(action) &&
  (Resource === undefined || list(Resource).some((pattern) => matches(pattern, resource))) &&
  Object.entries(Condition?.StringEquals ?? {}).every(([key, value]) => context[key] === value)

/** Whether one of the policies allows a call. Curfew's policies have no Deny statements. */
export const isAllowed = (policies: readonly IamPolicy[], call: Call): boolean =>
  policies.some(({ Statement: statements }) => statements.some((statement) => applies(statement, call)))

/** The policies without one of their statements, for each statement. */
export const withoutOne = (policies: readonly IamPolicy[]) =>
  policies.flatMap((policy, index) =>
    policy.Statement.map((removed) => ({
      removed: removed.Sid,
      policies: policies.with(index, { ...policy, Statement: policy.Statement.filter((one) => one !== removed) }),
    })),
  )
