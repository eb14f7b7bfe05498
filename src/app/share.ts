/** A replica that may take units, as the locks of the database show it to all replicas alike. */
export interface ShareMember {
  /** Orders the members in the same way for all of them. */
  readonly id: number
  /** How many units it holds. */
  readonly held: number
}

/** What a replica sees at a beat. */
export interface ShareView {
  /** The number of all units of the configuration. */
  readonly units: number
  readonly members: readonly ShareMember[]
  /** The id of this replica. It is one of the members. */
  readonly me: number
  /** The number of units that nobody holds and that this replica may take. */
  readonly free: number
  /** How many of these nobody has taken for so long that no other replica seems to want them. */
  readonly leftOver: number
  /** The members have been the same for a while, and no unit has just become free: units are not on their way now. */
  readonly isSettled: boolean
  /** How many units this replica has taken beyond its share and does not offer again yet. */
  readonly beyond: number
}

/** What a replica does at a beat. */
export interface ShareStep {
  readonly take: number
  /** How many of the taken ones are beyond the share. */
  readonly beyond: number
  readonly giveBack: number
}

/**
 * The step towards even shares: each member holds as many units as another one, or one more. A unit that is free and
 * belongs to a share is taken at once. A surplus is given back when everything is settled. Units that are left over go to
 * whoever sees them, and stay there for a while: they would move at every beat otherwise.
 */
export const shareStep = (view: ShareView): ShareStep => {
  const { units, members, me, free, leftOver, isSettled, beyond } = view
  const count = Math.max(1, members.length)
  const least = Math.floor(units / count)
  /** So many members hold one unit more than the least. */
  const larger = units % count
  const held = members.find(({ id }) => id === me)?.held ?? 0
  const above = ranked(members.filter((member) => member.held > least))

  const missing = Math.max(0, least - held)
  const missingElsewhere = members.reduce((sum, one) => sum + (one.id === me ? 0 : Math.max(0, least - one.held)), 0)
  const places = Math.min(larger - above.length, free - missing - missingElsewhere)
  const candidates = ranked(members.filter((member) => member.held <= least))
  const mayHoldOneMore = held <= least && candidates.indexOf(me) < places
  const inShare = Math.min(free, missing + (mayHoldOneMore ? 1 : 0))
  const take = Math.max(inShare, Math.min(free, leftOver))

  const share = least + (held > least && above.indexOf(me) < larger ? 1 : 0)
  const giveBack = isSettled && take === 0 ? Math.max(0, held - share - beyond) : 0
  return { take, beyond: take - inShare, giveBack }
}

const ranked = (members: readonly ShareMember[]): readonly number[] =>
  members.map(({ id }) => id).toSorted((one, other) => one - other)
