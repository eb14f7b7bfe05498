import { doorRulesOf } from '../config/door-rules.ts'
import { leftToDaemon } from '../domain/door/left-to-daemon.ts'
import { bakedOf } from './baked.ts'
import { builtJson, builtText } from './built-handler.ts'
import {
  CONFIG_OPTION,
  type Command,
  EXIT,
  OperatorError,
  oneOf,
  outputOption,
  say,
  stringOf,
  UsageError,
} from './command.ts'
import { expectHandlerFile, makeHandler, writeHandler } from './compose-connect-handler.ts'
import { reviewConfiguration } from './compose-warnings.ts'
import { complainOfDropped, HANDLER_OPTIONS, handlerSettingsOf } from './handler-settings.ts'
import { interruptible } from './interruptible.ts'
import { configurationOrComplain } from './problems.ts'

const OUTPUTS = ['text', 'json'] as const

export const connectHandlerBuild: Command = {
  usage: ['--out FILE [--config FILE] [--mode MODE] [--on-error ANSWER] [--output FORMAT]'],
  about: `Writes the client connect handler: a zip with one file for AWS Lambda, which needs nothing else. AWS asks it before
it lets anybody in, and it answers by the policies of kind banned-users, off-hours and posture. The file is checked as
"curfew validate" checks it, and with an error nothing is written. The same policies give the same bytes on every machine.`,
  options: {
    out: {
      value: 'FILE',
      summary: 'the zip to write; an earlier handler or an empty file there is replaced, any other file is kept',
    },
    ...CONFIG_OPTION,
    ...HANDLER_OPTIONS,
    ...outputOption(OUTPUTS),
  },
  notes: `The zip names the users of the policies, and no secret. Its owner alone may read it.`,
  exitCodes: '0 if the zip is written; 1 if the file has an error, or if the zip cannot be written.',
  async run({ values }) {
    const output = oneOf('output', values.output, OUTPUTS)
    const out = stringOf(values.out)
    if (out === undefined) throw new UsageError('--out: name the file to write, such as --out handler.zip')
    if (out === '-') throw new UsageError('--out: expected a file, found "-": the standard output has the answer')
    const settings = handlerSettingsOf(values)
    const { configuration, sources } = configurationOrComplain(reviewConfiguration(String(values.config)))
    if (configuration === undefined) return EXIT.failed
    await expectHandlerFile(out, sources)
    const rules = doorRulesOf(configuration, settings)
    complainOfDropped(settings, rules)
    if (rules.policies.length === 0 && rules.posture.length === 0) throw new OperatorError(NOTHING_TO_DO)
    const baked = bakedOf(rules)
    const { zip, codeSha256 } = makeHandler(baked)
    const { handlerHash } = baked.settings
    await interruptible((signal) => writeHandler(out, zip, signal))
    const built = {
      file: out,
      bytes: zip.length,
      codeSha256,
      handlerHash,
      rules,
      left: leftToDaemon(configuration.policies, rules),
    }
    if (output === 'json') say(JSON.stringify(builtJson(built), null, 2))
    else for (const line of builtText(built)) say(line)
    return EXIT.ok
  },
}

/** A handler that lets everybody in is worth nothing, and would look like one that guards the door. */
const NOTHING_TO_DO =
  'no policy is of a kind that the handler judges, so that it would let everybody in: write one of kind banned-users or off-hours, or one of kind posture with rules under "connectHandler.posture", or take the handler off the endpoint'
