import type { TrailFlaw } from '../adapters/audit/read-trail.ts'
import { printable } from '../domain/printable.ts'
import { complain } from './command.ts'

/** More would hide what they are about. */
const SHOWN = 10

/** Collects the places at which a trail is not whole, and prints the first of them. */
export const createTrailFlaws = () => {
  const first: TrailFlaw[] = []
  let count = 0
  return {
    add(found: readonly TrailFlaw[]) {
      count += found.length
      first.push(...found.slice(0, SHOWN - first.length))
    },
    /** Whether there is one. */
    complain(): boolean {
      for (const { file, line, message } of first) complain(printable(`${file}:${line}: error: ${message}`))
      if (count > SHOWN) complain(`and ${count - SHOWN} more`)
      if (count > 0) complain('curfew: the trail is not whole, and what is shown may lack records')
      return count > 0
    },
  }
}
