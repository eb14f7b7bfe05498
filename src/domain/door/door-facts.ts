/**
 * The facts about a connection that only AWS's request to the client connect handler tells. `undefined`: the request does
 * not tell it. The client itself reports its platform and version, so that neither proves anything.
 */
export interface DoorFacts {
  /** The groups of the person at the identity provider, as it spells them. */
  readonly idpGroups: readonly string[] | undefined
  readonly platform: string | undefined
  /** The address that the client connects from, IPv4 or IPv6. */
  readonly publicIp: string | undefined
  /** The version of the AWS client. */
  readonly clientVersion: string | undefined
}
