import { listCost } from '../../domain/names/list-cost.ts'
import type { Pattern } from '../../domain/names/pattern.ts'
import type { Problem } from '../yaml/problem.ts'

/** In steps for one name, each of them a ten-thousandth of a millisecond. The largest endpoint has 126,000 users. */
const COSTLY = 1_000
const TOO_COSTLY = 10_000

export interface ListProblem extends Pick<Problem, 'message'> {
  readonly severity: 'error' | 'warning'
}

/**
 * Judges the lists of a configuration by what a name costs that is compared with them: most lists take a hundred steps,
 * however long they are. A list that takes many has a warning. Those that together take too many are an error: an edit
 * would take minutes to come into force, and no search can be divided. Each list counts each time it is used.
 */
export const createListCosts = () => {
  let total = 0
  return (patterns: readonly Pattern[]): ListProblem | undefined => {
    const globs = patterns.filter(({ exact }) => !exact)
    const cost = listCost(
      globs.map(({ text }) => text),
      TOO_COSTLY,
    )
    if (cost === undefined) return undefined
    const { name, steps, at } = cost
    const before = total
    total += steps
    const example = globs[at]?.source ?? ''
    const isTooMuch = total > TOO_COSTLY && before <= TOO_COSTLY
    if (!isTooMuch && steps <= COSTLY) return undefined
    const counted = steps > TOO_COSTLY ? `more than ${TOO_COSTLY}` : String(steps)
    const found = `a name such as "${name}" takes ${counted} steps to compare with the ${globs.length} patterns of this list`
    const instead = `Write whole names, or longer texts before, between and behind the wildcards than in "${example}"`
    if (!isTooMuch) return { severity: 'warning', message: `${found}, and most lists take a hundred. ${instead}` }
    const together = before === 0 ? '' : `, and ${total} with those of the lists before it`
    return {
      severity: 'error',
      message: `${found}${together}: more than ${TOO_COSTLY} delay enforcement. ${instead}`,
    }
  }
}
