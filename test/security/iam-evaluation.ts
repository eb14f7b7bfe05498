import type { IamPolicy, Statement } from '../../scripts/iam-policies.ts'

/** One call as IAM sees it. */
export interface Call {
  readonly action: string
  readonly resource: string
  /** Condition keys with the values that this call has for them. */
  readonly context: Readonly<Record<string, string>>
}

const list = (values: string | readonly string[] = []): readonly string[] =>
  typeof values === 'string' ? [values] : values

/** `*` is all that IAM's patterns have in these policies. */
const matches = (pattern: string, text: string): boolean =>
  new RegExp(`^${pattern.replace(/[.+?^${}()|[\]\\]/g, '\\$&').replaceAll('*', '.*')}$`).test(text)

const applies = ({ Action, Resource, Condition }: Statement, { action, resource, context }: Call): boolean =>
  list(Action).includes(action) &&
  (Resource === undefined || list(Resource).some((pattern) => matches(pattern, resource))) &&
  Object.entries(Condition?.StringEquals ?? {}).every(([key, value]) => context[key] === value)

/** Whether one of the policies allows a call: none of ours denies anything. */
export const isAllowed = (policies: readonly IamPolicy[], call: Call): boolean =>
  policies.some(({ Statement: statements }) => statements.some((statement) => applies(statement, call)))

/** The policies with one statement left out, each in turn. */
export const withoutOne = (policies: readonly IamPolicy[]) =>
  policies.flatMap((policy, index) =>
    policy.Statement.map((left) => ({
      left: left.Sid,
      policies: policies.with(index, { ...policy, Statement: policy.Statement.filter((one) => one !== left) }),
    })),
  )
