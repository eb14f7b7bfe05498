/** What 2 MB of YAML can be at their worst, by what is wrong with it. */
const LENGTH = 1_900_000

const of = (text: string) => text.repeat(LENGTH / text.length)

/** As deep as it gets without being long. */
const DEPTH = 280_000

const lines = (line: (index: number) => string) => {
  const rows: string[] = []
  for (let length = 0; length < LENGTH; length += (rows.at(-1)?.length ?? 0) + 1) rows.push(line(rows.length))
  return rows.join('\n')
}

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
  'maps in maps': `a: ${of('{a: ')}`,
  'brackets on lines of their own': `a:\n${of(' [\n')}`,
  'brackets, not too long a file': `a: ${'['.repeat(DEPTH * 2)}`,
  'lists in lists, not too long a file': '- '.repeat(DEPTH),
  'keys that are keys, not too long a file': '? '.repeat(DEPTH),
  'values that are maps, not too long a file': 'a: '.repeat(DEPTH / 2),
  'anchors in a row, not too long a file': `a: [${'&a '.repeat(DEPTH)}`,
  'aliases, not too long a file': `a: [${'*a,'.repeat(DEPTH)}`,
  'lists in lists': of('- '),
  'keys that are keys': of('? '),
  'values that are maps': of('a: '),
  'values that are maps, in brackets': `a: [${of('a: ')}`,
  'entries in brackets': `a: [${of('- ')}`,
  commas: `a: [${of(',')}]`,
  stairs: Array.from({ length: 1_900 }, (_, depth) => `${' '.repeat(depth)}a:`).join('\n'),
  'stairs of lists': Array.from({ length: 140 }, (_, depth) => `${' '.repeat(depth * 200)}${'- '.repeat(99)}a`)
    .join('\n')
    .slice(0, LENGTH),
  'one key again and again': of('a: 1\n'),
  'keys that do not exist': lines((index) => `k${index}: 1`),
  'empty entries': `policies:\n${of('-\n')}`,
  'empty lines': of('\r\n'),
  'closing brackets': of(']\n'),
  tabs: `a:\n${of('\t- x\n')}`,
  'quotes in a row': `a: ${of('"b" ')}`,
  'a quote left open': `a: "${of('a')}`,
  'a text without an end': `version: 1\npolicies: [{ name: ${of('a')}, kind: max-session-age, maxAge: 8h }]`,
  'a key without an end': `${of('k')}: 1`,
}
