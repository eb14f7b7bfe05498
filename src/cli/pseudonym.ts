import { withoutPrefix } from '../domain/names/pattern.ts'
import { shownName } from '../domain/names/shown-name.ts'
import { CONFIG_OPTION, type Command, complain, EXIT, OperatorError, oneOf, outputOption, say } from './command.ts'
import { readToShow } from './compose-files.ts'
import { createPseudonyms, readPseudonymKey } from './compose-pseudonyms.ts'
import { configurationOrComplain } from './problems.ts'

const OUTPUTS = ['text', 'json'] as const

export const pseudonym: Command = {
  about: `Prints the pseudonyms that names have in the log, to search the log for a person. A name is a user name, a
common name, an entry of a list of users or an address. Its spelling makes no difference. The log has pseudonyms if
"log.pseudonymKey" is in the configuration.`,
  operands: { name: 'NAME', isRequired: true, areMany: true },
  options: { ...CONFIG_OPTION, ...outputOption(OUTPUTS) },
  exitCodes: '0; 1 if the configuration has errors, or no key that can be read.',
  async run({ values, positionals }) {
    const path = String(values.config)
    const output = oneOf('output', values.output, OUTPUTS)
    const { configuration } = configurationOrComplain(readToShow(path))
    if (configuration === undefined) return EXIT.failed
    const found = readPseudonymKey(configuration.log)
    if ('problem' in found) throw new OperatorError(found.problem)
    if (found.key === undefined) {
      throw new OperatorError(`${path} has no "log.pseudonymKey": the log has the names themselves`)
    }
    const pseudonymOf = createPseudonyms(found.key)
    const pseudonyms = positionals.map((written) => {
      const name = withoutPrefix(written)
      if (name !== written)
        complain(`curfew: the log has names without a prefix: ${shownName(written)} is found as ${shownName(name)}`)
      return { name, pseudonym: pseudonymOf(name) }
    })
    if (output === 'json') say(JSON.stringify(pseudonyms, null, 2))
    else for (const one of pseudonyms) say(`${one.pseudonym}  ${shownName(one.name)}`)
    return EXIT.ok
  },
}
