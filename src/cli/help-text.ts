import { hanging } from '../domain/hanging.ts'
import { HELP_OPTION, listed } from './arguments.ts'
import type { Command, CommandGroup, Commands, Operands, Option } from './command.ts'
import { outputWidth, paragraph } from './lines.ts'

/** Longer lines are hard to read, also on a wide terminal. */
const WIDEST = 100

/** A file or a pipe ends in a terminal of a width that nobody knows. */
const WITHOUT_TERMINAL = 80

const width = () => {
  const asked = outputWidth()
  return asked === Number.POSITIVE_INFINITY ? WITHOUT_TERMINAL : Math.min(asked, WIDEST)
}

/** Rows of two columns, the second of which is broken to the width. */
const rowsText = (rows: ReadonlyArray<readonly [term: string, text: string]>): string => {
  const column = Math.max(...rows.map(([term]) => term.length)) + 2
  return rows.map(([term, text]) => hanging(term.padEnd(column), text, width())).join('\n')
}

/** A paragraph of a help, with the rows of a list below it: a term and its meaning. A line to paste has no meaning. */
interface Block {
  readonly prose: string
  readonly rows: ReadonlyArray<readonly [term: string, meaning: string]>
}

/** The paragraphs of a text. Lines that begin with two spaces are the rows of a list: a term, spaces, a text. */
export const blocksOf = (text: string): readonly Block[] =>
  text.split('\n\n').map((block) => {
    const lines = block.split('\n')
    const isRow = (line: string) => line.startsWith('  ')
    const rows = lines.filter(isRow).map((line): [string, string] => {
      const [, term = '', meaning = ''] = /^( +.*?)(?: {2,}(\S.*))?$/.exec(line) ?? []
      return [term, meaning]
    })
    return { prose: lines.filter((line) => !isRow(line)).join(' '), rows }
  })

/** Paragraphs, broken to the width. */
const paragraphs = (text: string): string =>
  blocksOf(text)
    .map(({ prose, rows }) =>
      [...(prose === '' ? [] : [paragraph(prose, '', width())]), ...(rows.length === 0 ? [] : [rowsText(rows)])].join(
        '\n',
      ),
    )
    .join('\n\n')

const operandsText = ({ name, words, isRequired, areMany }: Operands): string => {
  const text = `${words === undefined ? name : words.join('|')}${areMany === true ? '...' : ''}`
  return isRequired === true ? text : `[${text}]`
}

const optionRow = ([name, { summary, value, words, default: usual, short, multiple }]: readonly [string, Option]) => {
  const term = `${short === undefined ? '    ' : `-${short}, `}--${name}${value === undefined ? '' : ` ${value}`}`
  const notes = [...(words === undefined ? [] : [listed(words)]), ...(multiple === true ? ['may be repeated'] : [])]
  const text = [
    summary,
    ...(notes.length === 0 ? [] : [`: ${notes.join('; ')}`]),
    usual === undefined ? '' : ` (default ${usual})`,
  ]
  return [`  ${term}`, text.join('')] as const
}

/** The forms in which a command is called, behind its name. */
export const usageOf = ({ usage, operands }: Command): readonly string[] =>
  usage ?? [[...(operands === undefined ? [] : [operandsText(operands)]), '[OPTION...]'].join(' ')]

export const optionRows = ({ options }: Command) =>
  Object.entries<Option>({ ...options, ...HELP_OPTION }).map(optionRow)

const commandHelp = (name: string, command: Command): string =>
  [
    usageOf(command)
      .map((form, index) => hanging(`${index === 0 ? 'Usage:' : '      '} ${name} `, form, width()))
      .join('\n'),
    paragraphs(command.about),
    `Options:\n${rowsText(optionRows(command))}`,
    ...(command.notes === undefined ? [] : [paragraphs(command.notes)]),
    paragraph(`Exit code: ${command.exitCodes}`, '', width()),
  ].join('\n\n')

export const commandRows = (commands: Commands): string =>
  rowsText(Object.entries(commands).map(([name, { summary }]) => [`  ${name}`, summary]))

/** The help of the command with this name, such as `curfew audit show`. */
export const helpText = (name: string, command: Command | CommandGroup): string =>
  'run' in command
    ? commandHelp(name, command)
    : `Usage: ${name} ACTION [OPTION...]

Actions:
${commandRows(command.actions)}

${paragraph(`Run "${name} ACTION --help" for the options of an action.`, '', width())}`
