/** How often `work` asks or writes a map or set. */
export const lookUpsOf = (work: () => void): { readonly read: number; readonly written: number } => {
  const counts = { read: 0, written: 0 }
  const count = (of: keyof typeof counts, original: (...args: unknown[]) => unknown) =>
    function (this: unknown, ...args: unknown[]) {
      counts[of]++
      return original.apply(this, args)
    }
  const [{ get, has, set, delete: remove }, { has: hasItem, add }] = [Map.prototype, Set.prototype]
  Object.assign(Map.prototype, {
    get: count('read', get),
    has: count('read', has),
    set: count('written', set),
    delete: count('written', remove),
  })
  Object.assign(Set.prototype, { has: count('read', hasItem), add: count('written', add) })
  try {
    work()
  } finally {
    Object.assign(Map.prototype, { get, has, set, delete: remove })
    Object.assign(Set.prototype, { has: hasItem, add })
  }
  return counts
}
