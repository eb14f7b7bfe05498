import { MODES } from '../domain/policies/policy.ts'
import {
  CONFIG_OPTION,
  type Command,
  complain,
  EXIT,
  oneOf,
  outputOption,
  say,
  stringOf,
  UsageError,
} from './command.ts'
import { judgeEndpoints } from './compose-aws.ts'
import { readEdit, readToShow } from './compose-files.ts'
import { endpointPlan } from './endpoint-plan.ts'
import { paragraph } from './lines.ts'
import { painted } from './paint.ts'
import { planText } from './plan-text.ts'
import { configurationOrComplain } from './problems.ts'
import { summaryLine, summaryOf, withOutcomes } from './summary.ts'
import { suspendedTexts } from './suspended.ts'
import { unitJson, unitsText } from './units-text.ts'
import { unmatchedRows, unmatchedTexts } from './unmatched.ts'

/** How many future deadlines are shown without --all-next. */
const NEXT = 20

const OUTPUTS = ['table', 'json'] as const

export const plan: Command = {
  about: `Reads every endpoint once and shows which connections would end now, in how many calls, which policies the
guard would hold, which connections are in grace, which come next, and which entries of "endpoints" match no watched
endpoint. It changes nothing. "(audit)" marks a policy that only reports. Where replicas share the endpoints it names
the replica that holds each unit. The last line counts the connections of all endpoints.

Lines are as long as the terminal is wide, or as COLUMNS says. Ids are never shortened, and in a pipe nothing is.`,
  options: {
    ...CONFIG_OPTION,
    against: {
      value: 'PATH',
      summary:
        "plan an edit before it is saved: another daemon's file, or a policy file or folder in place of those that the daemon's file names",
    },
    mode: { value: 'MODE', words: MODES, summary: "plan as if this were the daemon's mode, not the one of its file" },
    ...outputOption(OUTPUTS),
    'detailed-exitcode': { summary: 'exit with code 2 if a connection would end now' },
    'count-audit': {
      summary: 'with --detailed-exitcode, count what would end if the mode were enforce: of the daemon, or of a policy',
    },
    'all-next': { summary: 'list all future deadlines, not only the 20 earliest' },
  },
  exitCodes:
    '0; 1 if an endpoint could not be read or the configuration has errors; 2 with --detailed-exitcode if a connection would end now.',
  async run({ values }) {
    const [isDetailed, countsAudit] = [values['detailed-exitcode'] === true, values['count-audit'] === true]
    if (countsAudit && !isDetailed) throw new UsageError('--count-audit is valid only with --detailed-exitcode')
    const output = oneOf('output', values.output, OUTPUTS)
    const asked = values.mode === undefined ? undefined : oneOf('mode', values.mode, MODES)
    const { configuration } = configurationOrComplain(readToShow(String(values.config)))
    if (configuration === undefined) return EXIT.failed
    const path = stringOf(values.against)
    const edit =
      path === undefined ? undefined : configurationOrComplain(readEdit(String(values.config), path)).configuration
    if (path !== undefined && edit === undefined) return EXIT.failed
    const mode = asked ?? configuration.mode
    const reading = await judgeEndpoints(configuration, { mode, edit: edit && { ...edit, mode: asked ?? edit.mode } })
    const nextShown = values['all-next'] === true ? Number.POSITIVE_INFINITY : NEXT
    const seen = reading.endpoints.map((one) => withOutcomes(one, nextShown))
    const summary = summaryOf(seen)
    const { rate } = (edit ?? configuration).termination
    const endpoints = seen.map((one) => endpointPlan(one, rate))
    const unmatched = reading.watched && unmatchedRows((edit ?? configuration).policies, reading.watched)

    if (output === 'json') {
      const units = reading.units && { units: reading.units.map(unitJson) }
      say(JSON.stringify({ endpoints, unmatched: unmatched ?? null, summary, ...units }, null, 2))
    } else {
      const suspended = endpoints.some(({ complete }) => !complete)
        ? suspendedTexts((edit ?? configuration).policies)
        : []
      const notes = [...suspended, ...unmatchedTexts(unmatched ?? [])]
      const compared =
        path !== undefined ? 'edit' : mode !== configuration.mode ? mode : reading.hadPolicies ? 'edit' : 'none'
      say(
        [
          ...endpoints.map((one) => planText(one, compared)),
          ...notes,
          ...(reading.units === undefined ? [] : [unitsText(reading.units)]),
          painted('bold', paragraph(summaryLine(summary))),
        ].join('\n\n'),
      )
    }
    for (const { error } of endpoints) if (error !== null) complain(`curfew: ${error}`)
    if (endpoints.some(({ complete }) => !complete)) return EXIT.failed
    const wouldEnd = summary.terminate + (countsAudit ? summary.audit : 0) > 0
    return wouldEnd && isDetailed ? EXIT.wouldEnd : EXIT.ok
  },
}
