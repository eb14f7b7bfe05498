import { region as regionCode } from '../config/schema/curfew-schema.ts'
import { answerOf } from '../domain/door/answer.ts'
import { ON_ERROR } from '../domain/door/door-rules.ts'
import { MODES } from '../domain/policies/policy.ts'
import { explainAtDoor } from './at-the-door.ts'
import { checked } from './checked.ts'
import { CONFIG_OPTION, type Command, EXIT, oneOf, outputOption, say, stringOf } from './command.ts'
import { now as hostNow } from './compose-audit.ts'
import { readToShow } from './compose-files.ts'
import { readRequest } from './compose-request.ts'
import { answerLine, doorExplainedJson, doorExplainedText } from './door-explained.ts'
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
    mode: { value: 'MODE', words: MODES, summary: 'the mode of the handler (default: that of the file)' },
    'on-error': {
      value: 'ANSWER',
      words: ON_ERROR,
      summary: 'the answer where the handler cannot decide (default: that of the file)',
    },
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
    const mode = MODES.find((word) => word === values.mode)
    const onError = ON_ERROR.find((word) => word === values['on-error'])
    const { configuration } = configurationOrComplain(readToShow(String(values.config)))
    if (configuration === undefined) return EXIT.failed
    const event = await readRequest(file)
    const explained = explainAtDoor(event, configuration, {
      now,
      region,
      ...(mode !== undefined && { mode }),
      ...(onError !== undefined && { onError }),
    })
    const answer = answerOf(explained.decision, explained.request.answerIn)
    if (output === 'json') say(JSON.stringify({ answer, ...doorExplainedJson(explained) }, null, 2))
    else say([...doorExplainedText(explained), '', 'Answer to AWS:', answerLine(answer)].join('\n'))
    return EXIT.ok
  },
}
