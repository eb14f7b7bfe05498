import { briefly, type CompletedCommand, type Offered, offeredFor } from './completed-command.ts'

const quoted = (text: string) => `'${text.replaceAll("'", "'\\''")}'`

const functionOf = (path: readonly string[]) => ['_curfew', ...path.map((word) => word.replaceAll('-', '_'))].join('_')

/** A text in an argument of _arguments, in which these characters end a part. */
const inSpec = (text: string) => text.replaceAll(/[\\[\]:]/g, '\\$&')

const actionOf = (offered: Offered) => {
  if (offered.offer === 'words') return `(${offered.words.join(' ')})`
  return { files: '_files', folders: '_files -/', nothing: ' ' }[offered.offer]
}

const groupText = ({ path, actions }: CompletedCommand): string => {
  const cases = actions.map(
    ([name]) => `    ${name}) ${name === 'help' ? functionOf(path) : functionOf([...path, name])} ;;`,
  )
  return `${functionOf(path)}() {
  local -a actions=(
${actions.map(([name, summary]) => `    ${quoted(`${name}:${briefly(summary)}`)}`).join('\n')}
  )
  if (( CURRENT == 2 )); then
    _describe -t commands command actions
    return
  fi
  shift words
  (( CURRENT-- ))
  case $words[1] in
${cases.join('\n')}
  esac
}`
}

const commandText = ({ path, options, operands }: CompletedCommand): string => {
  const specs = options.flatMap(([name, { summary, value, words, short, multiple }]) => {
    const meaning = `[${inSpec(briefly(summary))}]${value === undefined ? '' : `:${inSpec(value)}:${actionOf(offeredFor(value, words))}`}`
    const spellings = [
      `--${name}${value === undefined ? '' : '='}`,
      ...(short === undefined ? [] : [`-${short}${value === undefined ? '' : '+'}`]),
    ]
    const others = multiple === true ? '*' : short === undefined ? '' : `(--${name} -${short})`
    return spellings.map((spelling) => `${others}${spelling}${meaning}`)
  })
  const operand =
    operands === undefined
      ? []
      : [
          `${operands.areMany === true ? '*' : '1'}:${operands.name}:${actionOf(offeredFor(operands.name, operands.words))}`,
        ]
  return `${functionOf(path)}() {
  _arguments -s -S : \\
${[...specs, ...operand].map((spec) => `    ${quoted(spec)}`).join(' \\\n')}
}`
}

/** It works as a file in $fpath, whose text is the body of the function _curfew, and where it is sourced. */
export const zshCompletion = (commands: readonly CompletedCommand[]): string => `#compdef curfew
# zsh completion for curfew

${commands.map((command) => (command.actions.length > 0 ? groupText(command) : commandText(command))).join('\n\n')}

if [[ $funcstack[1] == _curfew ]]; then
  _curfew "$@"
else
  compdef _curfew curfew
fi`
