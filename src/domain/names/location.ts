/** The endpoint of a connection, and its Region. */
export interface Location {
  readonly endpointId: string
  /** Undefined in a recording: a connection log does not tell it. */
  readonly region: string | undefined
  /** The operator's name for the endpoint. Without it the tag `Name` is its name. */
  readonly name?: string | undefined
  /** Undefined while AWS has not listed them. */
  readonly tags?: ReadonlyMap<string, string> | undefined
}

/** Whether both have the same tags, in any order. */
export const isSameTags = (
  one: ReadonlyMap<string, string> | undefined,
  other: ReadonlyMap<string, string> | undefined,
): boolean => {
  if (one === undefined || other === undefined) return one === other
  return one.size === other.size && [...one].every(([key, value]) => other.get(key) === value)
}

/** Whether an endpoint has the same name and tags as before. */
export const isSameLocation = (one: Location, other: Location): boolean =>
  one.name === other.name && isSameTags(one.tags, other.tags)
