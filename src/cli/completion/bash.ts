import { type CompletedCommand, type Offered, offeredFor } from './completed-command.ts'

const quoted = (text: string) => `'${text.replaceAll("'", "'\\''")}'`

const offerText = (offered: Offered) =>
  offered.offer === 'words' ? `words=${quoted(offered.words.join(' '))}` : `offer=${offered.offer}`

const spellings = (name: string, short: string | undefined) => [
  `--${name}`,
  ...(short === undefined ? [] : [`-${short}`]),
]

/** What stands in place of an operand, and the options that take a value. */
const commandCase = ({ path, actions, options, operands }: CompletedCommand): string => {
  const withValue = options.flatMap(([name, { value, short }]) => (value === undefined ? [] : spellings(name, short)))
  const lines = [
    `actions=${quoted(actions.map(([name]) => name).join(' '))}`,
    `options=${quoted(options.map(([name]) => `--${name}`).join(' '))}`,
    `with_value=${quoted(` ${withValue.join(' ')} `)}`,
    ...(operands === undefined
      ? []
      : [`most=${operands.areMany === true ? 999 : 1}`, offerText(offeredFor(operands.name, operands.words))]),
  ]
  return `    ${quoted(path.join(' '))})\n${lines.map((line) => `      ${line}`).join('\n')}\n      ;;`
}

const valueCases = ({ path, options }: CompletedCommand): readonly string[] =>
  options.flatMap(([name, { value, words, short }]) => {
    if (value === undefined) return []
    const patterns = spellings(name, short).map((spelling) => quoted([...path, spelling].join(' ')))
    return [`    ${patterns.join(' | ')}) ${offerText(offeredFor(value, words))} ;;`]
  })

/** Bash splits words at "=", so that `--output=json` is three words. */
export const bashCompletion = (commands: readonly CompletedCommand[]): string => `# bash completion for curfew

_curfew_command() {
  actions='' options='' with_value='' words='' offer=nothing most=0
  case $1 in
${commands.map(commandCase).join('\n')}
  esac
}

_curfew_value() {
  words='' offer=nothing
  case $1 in
${commands.flatMap(valueCases).join('\n')}
  esac
}

_curfew() {
  local current=\${COMP_WORDS[COMP_CWORD]} path='' option='' operands=0 word line index
  local actions options with_value words offer most
  _curfew_command ''
  for ((index = 1; index < COMP_CWORD; index++)); do
    word=\${COMP_WORDS[index]}
    if [[ $word == '=' ]]; then
      continue
    elif [[ -n $option ]]; then
      option=''
    elif [[ $with_value == *" $word "* ]]; then
      option=$word
    elif [[ -z $path && $word == help ]]; then
      continue
    elif [[ " $actions " == *" $word "* ]]; then
      path="\${path:+$path }$word"
      _curfew_command "$path"
    elif [[ $word != -* ]]; then
      ((operands += 1))
    fi
  done
  [[ $current == '=' ]] && current=''
  COMPREPLY=()
  if [[ -n $option ]]; then
    _curfew_value "$path $option"
  elif [[ -n $actions ]]; then
    words=$actions
  elif [[ $current == -* || $operands -ge $most ]]; then
    words=$options offer=nothing
  fi
  case $offer in
    files) compopt -o filenames 2>/dev/null; line=-f ;;
    folders) compopt -o filenames 2>/dev/null; line=-d ;;
    *) line=-W ;;
  esac
  while IFS= read -r word; do
    COMPREPLY+=("$word")
  done < <(if [[ $line == -W ]]; then compgen -W "$words" -- "$current"; else compgen $line -- "$current"; fi)
}

complete -F _curfew curfew`
