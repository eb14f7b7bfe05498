import { briefly, type CompletedCommand, type Offered, offeredFor } from './completed-command.ts'

const quoted = (text: string) => `'${text.replaceAll(/[\\']/g, '\\$&')}'`

/** Nothing but what is offered here: the script turns off the files that fish would offer for every word. */
const argumentsOf = (offered: Offered): readonly string[] => {
  if (offered.offer === 'words') return ['-a', quoted(offered.words.join(' '))]
  return { files: ['-F'], folders: ['-a', "'(__fish_complete_directories)'"], nothing: [] }[offered.offer]
}

const valueOf = (offered: Offered) => [offered.offer === 'files' ? '-r' : '-x', ...argumentsOf(offered)]

const linesOf = ({ path, actions, options, operands }: CompletedCommand): readonly string[] => {
  const line = (condition: string, words: readonly string[]) =>
    ['complete -c curfew -n', quoted([condition, ...path].join(' ')), ...words].join(' ')
  return [
    ...actions.map(([name, summary]) => line('__curfew_ends_with', ['-a', name, '-d', quoted(briefly(summary))])),
    ...options.map(([name, { summary, value, words, short }]) =>
      line('__curfew_begins_with', [
        '-l',
        name,
        ...(short === undefined ? [] : ['-s', short]),
        ...(value === undefined ? [] : valueOf(offeredFor(value, words))),
        '-d',
        quoted(briefly(summary)),
      ]),
    ),
    ...(operands === undefined
      ? []
      : [line('__curfew_begins_with', argumentsOf(offeredFor(operands.name, operands.words)))]),
  ]
}

export const fishCompletion = (commands: readonly CompletedCommand[]): string => `# fish completion for curfew

function __curfew_begins_with
    set -l words (commandline -opc)
    set -l last (math (count $argv) + 1)
    test (count $words) -ge $last; and test "$words[2..$last]" = "$argv"
end

function __curfew_ends_with
    set -l words (commandline -opc)
    set -e words[1]
    test "$words[1]" = help; and set -e words[1]
    test "$words" = "$argv"
end

complete -c curfew -e
complete -c curfew -f
${commands.flatMap(linesOf).join('\n')}`
