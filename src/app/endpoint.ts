/** A watched endpoint. */
export interface Endpoint {
  readonly id: string
  /** The operator's name for the endpoint, else its id. */
  readonly name: string
  readonly region: string
  /** The twelve digits of the account; undefined if AWS has not returned them. */
  readonly account: string | undefined
}
