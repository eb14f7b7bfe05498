import { type Command, type Commands, DEFAULT_CONFIG } from '../src/cli/command.ts'
import { COMMANDS, EXIT_CODES } from '../src/cli/command-line.ts'
import { blocksOf, optionRows, usageOf } from '../src/cli/help-text.ts'
import { VERSION } from '../src/version.ts'

// Prints the manual page curfew(1) to standard output, made from what the commands declare for their help. With the variable
// CURFEW_CONFIG the page names that file. SOURCE_DATE_EPOCH is the date of the page, in seconds.

/** What roff reads as anything but the character itself. */
const ESCAPES: Readonly<Record<string, string>> = {
  '\\': '\\e',
  '-': '\\-',
  "'": '\\(aq',
  '`': '\\(ga',
  '^': '\\(ha',
  '~': '\\(ti',
}

const escaped = (text: string) => text.replaceAll(/[\\\-'`^~]/g, (character) => ESCAPES[character] ?? character)

/** A text in the lines of roff: a sentence begins a line. One that began with a dot would be a request. */
const roff = (text: string): string =>
  escaped(text)
    .replaceAll(/([a-z)"][.?!]) (?=["(]?[A-Z])/g, '$1\n')
    .replaceAll(/(?=.{79})(.{1,78}) /g, '$1\n')
    .replaceAll(/^\./gm, '\\&.')

const bold = (text: string) => `\\fB${escaped(text)}\\fR`

const rowsOf = (rows: ReadonlyArray<readonly [term: string, meaning: string]>): readonly string[] =>
  rows.every(([, meaning]) => meaning === '')
    ? ['.RS', '.nf', ...rows.map(([line]) => escaped(line.trim())), '.fi', '.RE']
    : rows.flatMap(([term, meaning]) => ['.TP', bold(term.trim()), roff(meaning)])

const paragraphsOf = (text: string): readonly string[] =>
  blocksOf(text).flatMap(({ prose, rows }) => [
    ...(prose === '' ? [] : ['.PP', roff(prose)]),
    ...(rows.length === 0 ? [] : rowsOf(rows)),
  ])

const commandSection = (name: string, command: Command): readonly string[] => [
  `.SS ${escaped(name)}`,
  ...usageOf(command).flatMap((form, index) => [
    index === 0 ? '.PD 0' : '.PP',
    `${bold(`curfew ${name}`)} ${roff(form)}`,
  ]),
  '.PD',
  ...paragraphsOf(command.about),
  ...rowsOf(optionRows(command)),
  ...(command.notes === undefined ? [] : paragraphsOf(command.notes)),
  '.PP',
  roff(`Exit code: ${command.exitCodes}`),
]

const sectionsOf = async (commands: Commands, path: readonly string[]): Promise<readonly string[]> => {
  const sections: string[] = []
  for (const [name, { load }] of Object.entries(commands)) {
    const loaded = await load()
    const own = [...path, name]
    sections.push(...('run' in loaded ? commandSection(own.join(' '), loaded) : await sectionsOf(loaded.actions, own)))
  }
  return sections
}

const seconds = Number(process.env.SOURCE_DATE_EPOCH ?? Date.now() / 1000)
const day = new Date(seconds * 1000).toISOString().slice(0, 10)

console.log(
  [
    `.TH CURFEW 1 ${day} "Curfew ${VERSION}" "User Commands"`,
    '.SH NAME',
    roff('curfew - session policies for AWS Client VPN'),
    '.SH SYNOPSIS',
    `${bold('curfew')} \\fICOMMAND\\fR [\\fIOPTION\\fR...]`,
    '.SH DESCRIPTION',
    roff('Curfew watches the connections of AWS Client VPN endpoints, and ends those that violate a policy.'),
    roff('The service runs "curfew run"; the other commands check, explain and report.'),
    '.SH COMMANDS',
    ...rowsOf(Object.entries(COMMANDS).map(([name, { summary }]) => [name, summary])),
    ...(await sectionsOf(COMMANDS, [])),
    '.SH EXIT STATUS',
    roff(EXIT_CODES),
    '.SH ENVIRONMENT',
    ...rowsOf([['CURFEW_CONFIG', 'The file that a command reads without --config.']]),
    '.SH FILES',
    ...rowsOf([[DEFAULT_CONFIG, 'What the daemon watches, and where the policies are.']]),
  ].join('\n'),
)
