/** The edit that releases a policy from a hold, in words. */
export const releaseOf = (policy: string): string =>
  `If the edit is a mistake, correct the policy "${policy}" and save it; if these connections are to end, write "guard: off" in it and save it`
