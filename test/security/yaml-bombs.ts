/** Just below the limit of 2 MB. */
const LENGTH = 1_900_000

const of = (text: string) => text.repeat(LENGTH / text.length)

/** The nesting depth of files that are far below the limit of 2 MB. */
const DEPTH = 280_000

const lines = (line: (index: number) => string) => {
  const rows: string[] = []
  for (let length = 0; length < LENGTH; length += (rows.at(-1)?.length ?? 0) + 1) rows.push(line(rows.length))
  return rows.join('\n')
}

/** Files that are expensive to parse, by the cause of the expense. */
export const YAML_BOMBS: Readonly<Record<string, string>> = {
  'aliases of aliases': Array.from(
    { length: 30 },
    (_, index) => `a${index}: &a${index} [${`*a${index - 1}, `.repeat(9)}x]`,
  )
    .join('\n')
    .replaceAll('*a-1, ', ''),
  'an alias on each line': `a: &a x\nb:\n${of('- *a\n')}`,
  'an anchor on each line': lines((index) => `k${index}: &a${index} x`),
  'anchors in a row': `a: [${of('&a ')}`,
  'a tag on each line': `a:\n${of('- !x y\n')}`,
  directives: of('%TAG ! x\n'),
  'open brackets': `a: ${of('[')}`,
  'open and closed brackets': `a: ${'['.repeat(LENGTH / 2)}${']'.repeat(LENGTH / 2)}`,
  'nested maps': `a: ${of('{a: ')}`,
  'brackets on separate lines': `a:\n${of(' [\n')}`,
  'nested brackets in a shorter file': `a: ${'['.repeat(DEPTH * 2)}`,
  'nested lists in a shorter file': '- '.repeat(DEPTH),
  'nested keys in a shorter file': '? '.repeat(DEPTH),
  'nested values in a shorter file': 'a: '.repeat(DEPTH / 2),
  'anchors in a row in a shorter file': `a: [${'&a '.repeat(DEPTH)}`,
  'aliases in a shorter file': `a: [${'*a,'.repeat(DEPTH)}`,
  'nested lists': of('- '),
  'nested keys': of('? '),
  'nested values': of('a: '),
  'nested values in brackets': `a: [${of('a: ')}`,
  'entries in brackets': `a: [${of('- ')}`,
  commas: `a: [${of(',')}]`,
  'growing indentation': Array.from({ length: 1_900 }, (_, depth) => `${' '.repeat(depth)}a:`).join('\n'),
  'growing indentation of lists': Array.from(
    { length: 140 },
    (_, depth) => `${' '.repeat(depth * 200)}${'- '.repeat(99)}a`,
  )
    .join('\n')
    .slice(0, LENGTH),
  'one repeated key': of('a: 1\n'),
  'keys that do not exist': lines((index) => `k${index}: 1`),
  'empty entries': `policies:\n${of('-\n')}`,
  'empty lines': of('\r\n'),
  'closing brackets': of(']\n'),
  tabs: `a:\n${of('\t- x\n')}`,
  'quotes in a row': `a: ${of('"b" ')}`,
  'an open quote': `a: "${of('a')}`,
  'a very long text': `version: 1\npolicies: [{ name: ${of('a')}, kind: max-session-age, maxAge: 8h }]`,
  'a very long key': `${of('k')}: 1`,
}
