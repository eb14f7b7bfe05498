/** Types of an argument's value. Sets are lists here, because both are written alike. */
export type ValueType = 'string' | 'number' | 'bool' | 'list' | 'map'

/** One argument, or a nested block, which may be there once or `many` times. */
export type Argument = { readonly required: boolean } & (
  | { readonly type: ValueType }
  | { readonly block: Block; readonly many: boolean }
)

export type Block = Readonly<Record<string, Argument>>

/** What a provider documents of the types that the modules use. `data-` begins the names of data sources. */
export interface ProviderSchema {
  readonly provider: string
  readonly version: string
  readonly types: Readonly<Record<string, { readonly arguments: Block; readonly attributes: readonly string[] }>>
}
