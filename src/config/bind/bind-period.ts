import type { Policy } from '../../domain/policies/policy.ts'
import { isLocalTime, parseTimeIn } from '../../domain/time/local-time.ts'
import { periodProblem } from '../../domain/time/period.ts'
import { knownTimeZones, parseTimeZone } from '../../domain/time/time-window.ts'
import { commonKeys } from '../schema/policies-schema.ts'
import { readValue } from '../yaml/read-value.ts'
import type { YamlFile } from '../yaml/yaml-file.ts'
import type { Path } from '../yaml/yaml-tree.ts'

/** The period in which the policy at `path` is in force. `readsZone`: whether its kind reads `timeZone` as well. */
export const bindPeriod = (
  file: YamlFile,
  path: Path,
  policy: Readonly<Record<string, unknown>>,
  readsZone: boolean,
): Pick<Policy, 'from' | 'until' | 'timeZone'> => {
  const [from, until, timeZone] = (['from', 'until', 'timeZone'] as const).map((key) =>
    readValue(file, commonKeys[key], [...path, key], policy[key]),
  )
  const parsed = timeZone === undefined ? undefined : parseTimeZone(timeZone)
  const at = [...path, 'timeZone']
  if (parsed !== undefined && 'problem' in parsed) file.problem(at, parsed.problem, { known: knownTimeZones() })
  // A flawed zone has been reported. The times are read in another one, for mistakes of their own.
  const standIn = policy.timeZone === undefined ? undefined : 'UTC'
  const zone = parsed !== undefined && 'value' in parsed ? parsed.value : standIn
  const read = (key: 'from' | 'until', text: string | undefined) => {
    const found = text === undefined ? { at: undefined } : parseTimeIn(text, zone)
    if ('at' in found) return found.at
    file.problem([...path, key], found.problem)
    return undefined
  }
  const period = { from: read('from', from), until: read('until', until), timeZone: zone }
  const isZoneRead = readsZone || [from, until].some((text = '') => isLocalTime(text))
  // A time with a mistake may have been meant as a local time.
  const hasMistake = (['from', 'until'] as const).some((key) => file.isFlawed([...path, key]))
  if (parsed !== undefined && 'value' in parsed && !isZoneRead && !hasMistake) {
    const message = 'this key has no effect, because neither "from" nor "until" is a local time: remove it'
    file.problem(at, message, { at: 'key' })
  }
  const problem = periodProblem('the policy', period.from, period.until)
  if (problem !== undefined) file.problem([...path, 'until'], problem)
  return period
}
