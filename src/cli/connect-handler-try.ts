import type { Configuration } from '../config/configuration.ts'
import { region as regionCode } from '../config/schema/region.ts'
import type { DoorAnswer } from '../domain/door/answer.ts'
import { quotedName } from '../domain/names/shown-name.ts'
import { createHandler } from '../door/handler.ts'
import { explainAtDoor } from './at-the-door.ts'
import { bakedOf } from './baked.ts'
import { checked } from './checked.ts'
import { CONFIG_OPTION, type Command, complain, EXIT, oneOf, outputOption, say, stringOf } from './command.ts'
import { now as hostNow } from './compose-audit.ts'
import { readToShow } from './compose-files.ts'
import { readRequest } from './compose-request.ts'
import { answerLine, type DoorExplained, doorExplainedJson, doorExplainedText } from './door-explained.ts'
import { complainOfDropped, HANDLER_OPTIONS, handlerSettingsOf } from './handler-settings.ts'
import { instantOf } from './point-in-time.ts'
import { configurationOrComplain } from './problems.ts'

const OUTPUTS = ['text', 'json'] as const

export const connectHandlerTry: Command = {
  about: `Shows what the client connect handler answers to one request, and why: the verdict of every policy that it
judges, its reason and when it changes next, and the policies that it leaves to the daemon. FILE has one request in JSON,
as AWS sends it; - reads it from the standard input. Nothing is built, and AWS is not called.`,
  operands: { name: 'FILE', isRequired: true },
  options: {
    at: { value: 'T', summary: 'instant of the request, such as 2026-12-01T18:30:00+01:00 (default: now)' },
    ...HANDLER_OPTIONS,
    region: {
      value: 'REGION',
      summary: 'the Region of the handler (default: that of the endpoint under "watch", or the only one there)',
    },
    ...outputOption(OUTPUTS),
    ...CONFIG_OPTION,
  },
  exitCodes: '0, whatever the answer is; 1 if the request cannot be read, or if the configuration has errors.',
  async run({ values, positionals: [file = ''] }) {
    const output = oneOf('output', values.output, OUTPUTS)
    const now = instantOf('at', stringOf(values.at)) ?? hostNow()
    const region = stringOf(values.region)
    if (region !== undefined) checked(regionCode, '--region', region)
    const settings = handlerSettingsOf(values)
    const { configuration } = configurationOrComplain(readToShow(String(values.config)))
    if (configuration === undefined) return EXIT.failed
    const event = await readRequest(file)
    remarkOn(event)
    const explained = explainAtDoor(event, configuration, { now, region, ...settings })
    remarkOnEndpoint(explained.request.endpointId, configuration)
    complainOfDropped(settings, explained.rules)
    const answer = await answerOfHandler(event, explained)
    if (output === 'json') say(JSON.stringify({ answer, ...doorExplainedJson(explained) }, null, 2))
    else say([...doorExplainedText(explained), '', 'Answer to AWS:', answerLine(answer)].join('\n'))
    return EXIT.ok
  },
}

/** The answer of the handler itself, with the rules as the zip has them. */
const answerOfHandler = (event: object, { rules, region, now }: DoorExplained): Promise<DoorAnswer> =>
  createHandler(bakedOf(rules), { now: () => now, elapsedMs: () => 0, region, write: () => {} })(event, undefined)

/** Fields that AWS sends in each version of its schema. */
const FIELDS = ['connection-id', 'endpoint-id', 'common-name', 'username', 'public-ip', 'schema-version']

/** The handler answers anything. A line of its log, or the test event of Lambda's console, is probably a mistake. */
const remarkOn = (event: object) => {
  if (FIELDS.some((field) => Object.hasOwn(event, field))) return
  complain(
    'curfew: the request has no field that AWS sends, such as "endpoint-id"; to ask with facts of your own, use "curfew explain --at-the-door"',
  )
}

/** The handler answers for every endpoint that asks it. One that the daemon does not watch is probably misspelled. */
const remarkOnEndpoint = (endpointId: string | undefined, { watch }: Configuration) => {
  const isWatched = watch.some(({ discover, endpoints }) => discover || endpoints.some(({ id }) => id === endpointId))
  if (endpointId === undefined || isWatched) return
  complain(
    `curfew: "watch" does not have the endpoint ${quotedName(endpointId)}: check its id; the daemon ends nobody there, and policies do not know its name`,
  )
}
