import { stringify } from 'yaml'
import { KEYS_OF_THE_START } from '../src/config/configuration.ts'
import { curfewJsonSchema } from '../src/config/schema/json-schema.ts'

/** The parts of a JSON Schema that the page shows. A `title` is the name of a type. */
interface Schema {
  readonly title?: string
  readonly description?: string
  readonly type?: string
  readonly const?: unknown
  readonly enum?: readonly unknown[]
  readonly default?: unknown
  readonly examples?: readonly unknown[]
  readonly minimum?: number
  readonly maximum?: number
  readonly anyOf?: readonly Schema[]
  readonly items?: Schema
  readonly properties?: Readonly<Record<string, Schema>>
  readonly required?: readonly string[]
}

const code = (text: string) => `\`${text}\``

/** A value as it stands in YAML, in one line. */
const valueText = (value: unknown) =>
  code(stringify(value, { collectionStyle: 'flow', flowCollectionPadding: false, lineWidth: 0 }).trim())

const listed = (words: readonly string[]) =>
  words.length < 2 ? words.join('') : `${words.slice(0, -1).join(', ')} or ${words.at(-1)}`

const rangeText = ({ minimum, maximum = Number.MAX_SAFE_INTEGER }: Schema) =>
  minimum === undefined
    ? ''
    : maximum === Number.MAX_SAFE_INTEGER
      ? ` from ${minimum}`
      : ` from ${minimum} to ${maximum}`

const TYPES: Readonly<Record<string, string>> = {
  string: 'text',
  boolean: 'true or false',
  integer: 'whole number',
  number: 'number',
  object: 'map',
}

const typeText = (schema: Schema): string => {
  if (schema.title !== undefined) return schema.title
  if (schema.const !== undefined) return valueText(schema.const)
  if (schema.enum !== undefined) return listed(schema.enum.map(valueText))
  if (schema.anyOf !== undefined && schema.type === undefined) return listed(schema.anyOf.map(typeText))
  if (schema.type === 'array') return `list: ${typeText(schema.items ?? {})}`
  return `${TYPES[schema.type ?? ''] ?? 'value'}${rangeText(schema)}`
}

/** The description without the default, which has a column of its own. The words for a default win over its value. */
const meaningOf = ({ description = '', ...schema }: Schema, isRequired: boolean) => {
  const words = / Default:? (.+?)\.(?=\s|$)/.exec(description)
  const fallback = [undefined, '[]'].includes(JSON.stringify(schema.default)) ? 'none' : valueText(schema.default)
  return {
    meaning: words === null ? description : description.replace(words[0], ''),
    fallback: isRequired ? 'required' : (words?.[1] ?? fallback),
  }
}

const PLAIN = ['array', 'object'] as const

/** The keys below a schema, with their paths. A schema with a title is a type of its own: its keys are in the title. */
function* keysBelow(
  schema: Schema,
  path: string,
): Generator<readonly [path: string, schema: Schema, required: boolean]> {
  for (const [key, below] of Object.entries(schema.properties ?? {})) {
    const isGroup = below.title === undefined && PLAIN.some((type) => type === below.type)
    const inside = isGroup ? (below.properties === undefined ? below.items : below) : undefined
    const isRequired = schema.required?.includes(key) === true
    if (below.properties === undefined || inside === undefined || !isHeading(below))
      yield [`${path}${key}`, below, isRequired]
    if (inside?.properties !== undefined && inside.title === undefined)
      yield* keysBelow(inside, `${path}${key}${below.items === undefined ? '' : '[]'}.`)
  }
}

/** A group whose keys all have defaults needs no row of its own. */
const isHeading = ({ default: fallback, required = [] }: Schema) =>
  required.length === 0 && JSON.stringify(fallback) === '{}'

const rowOf = ([path, schema, isRequired]: readonly [string, Schema, boolean]) => {
  const { meaning, fallback } = meaningOf(schema, isRequired)
  const example = schema.examples?.[0] === undefined ? '' : valueText(schema.examples[0])
  const shown = meaning.replaceAll('<', '\\<')
  return `| ${[code(path), typeText(schema), fallback, example, shown].join(' | ')} |`.replaceAll('|  |', '| |')
}

const table = (keys: Iterable<readonly [string, Schema, boolean]>) =>
  ['| key | type | default | example | meaning |', '|---|---|---|---|---|', ...[...keys].map(rowOf)].join('\n')

/** What the schema does not say of a key, in its section. */
const MORE: Readonly<Record<string, string>> = {
  approved: 'How two people work with it: [four eyes](operations.md#four-eyes).',
  protect: 'How names are compared: [selectors](selectors.md).',
  watch: 'More than one account or Region: [below](#more-endpoints-more-accounts).',
  poll: 'How long a poll takes: [sizing](operations.md#sizing).',
  termination: 'What these rates mean: [the budget](enforcement.md#the-budget).',
  guard: 'How the guard counts, with examples: [the guard](enforcement.md#the-guard).',
  audit: 'What it holds: [the audit trail](enforcement.md#the-audit-trail).',
  state: 'What it holds: [the state file](enforcement.md#the-state-file).',
  engine: 'What the database holds: [the trail in a database](audit.md#in-a-database).',
  history: 'What it holds, and what reads it: [from what Curfew saw](backtest.md#from-what-curfew-saw).',
  connectHandler: 'What it decides, and how it is rolled out: [the connect handler](connect-handler.md).',
  people: 'The way of a warning [to the person](notifications.md#whom-it-reaches).',
  notify: 'Every event and payload: [notifications](notifications.md).',
  log: 'Every event: [log](log.md).',
}

const afterEdit = (key: string) => {
  if (key === 'connectHandler') return 'The daemon does not read it: **build the handler anew after a change.**'
  return KEYS_OF_THE_START.some((one) => one === key)
    ? '**A change takes effect when the daemon is next started**; the log says so (`restart-needed`).'
    : 'A reload applies changes.'
}

const sections = (schema: Schema) =>
  Object.entries(schema.properties ?? {})
    .filter(([, { items, properties }]) => properties !== undefined || items?.properties !== undefined)
    .map(([key, below]) => {
      const inside = below.properties === undefined ? (below.items ?? {}) : below
      const path = below.properties === undefined ? `${key}[].` : `${key}.`
      const isRequired = schema.required?.includes(key) === true
      const { meaning, fallback } = meaningOf(below, isRequired)
      const isLeftOut = isRequired || isHeading(below)
      const head = [
        meaning,
        isRequired ? 'Required.' : isLeftOut ? '' : `Default: ${fallback}.`,
        afterEdit(key),
        MORE[key] ?? '',
      ]
      return `## ${key}\n\n${head.filter((text) => text !== '').join('\n')}\n\n${table(keysBelow(inside, path))}`
    })
    .join('\n\n')

const EXAMPLE = `\
# yaml-language-server: $schema=./schema/curfew.schema.json
version: 1
mode: enforce
policies: [./policies]
timeZone: Europe/Berlin
protect:
  users:
    - break-glass@corp.example
    - { pattern: auditor@corp.example, until: "2027-01-31T00:00:00Z", reason: audit of the year }
watch:
  - region: eu-central-1
    endpoints:
      - { id: cvpn-endpoint-0123456789abcdef0, name: office }
      - { id: cvpn-endpoint-0fedcba9876543210, name: partners }
  - region: us-east-1
    discover: { tags: { vpn-policy: enforced } }
    assumeRole: { arn: "arn:aws:iam::111122223333:role/curfew", externalId: curfew }
poll:
  schedule: "*/15 * * * * *"
  staleAfter: 5m
  rate: { burst: 50, perSecond: 10 }
termination:
  rate: { burst: 40, perSecond: 4 }
  verifyWithin: 60s
  attempts: 3
guard: { maxPercent: 50, minConnections: 10, lookAhead: 24h }
audit: { file: ./data/audit.jsonl }
state: { file: ./data/state.json }
engine: { kind: files }
history: { file: ./data/history.jsonl, keep: 90d }
connectHandler: { mode: audit, onError: allow }
server: { host: 127.0.0.1, port: 9464, bearerTokenFile: ./token }
notify:
  - { name: chat, slack: { env: CURFEW_SLACK_URL }, events: [terminated, held, gave-up, blind] }
  - { name: direct, slackBot: { token: { env: CURFEW_SLACK_TOKEN } } }
people: { file: ./people.csv }
log: { level: info }
`

/** The text of `docs/configuration.md`, with tables from the schema of `curfew.yaml`. */
export const configurationPage = (): string => {
  const schema = curfewJsonSchema() as Schema
  const simple = [...keysBelow(schema, '')].filter(([path]) => {
    const { items, properties } = schema.properties?.[path] ?? {}
    return !/[.[]/.test(path) && properties === undefined && items?.properties === undefined
  })
  return `# Configuration

This page lists every key of \`curfew.yaml\`, the daemon's file. \`npm run generate\` writes it from the schema in the code.
\`curfew init DIR\` writes a first file, and \`curfew validate\` checks one. Policies are in files of their own: see
[writing and testing policies](policies/writing-and-testing.md), and [a page for each kind](policies/README.md).

The daemon looks every second whether one of its files has changed, and loads all of them again if so; SIGHUP makes it
load them at once. A file with a mistake is refused as a whole, and the last good one stays in force. Below, "a
reload applies changes" means that no restart is needed.

Durations are \`90s\`, \`30m\`, \`8h\`, \`1d12h\` or \`PT8H\`. Paths are relative to the folder of \`curfew.yaml\`. A key that is
unknown, occurs twice or has no value is an error. Where a table has no example, the default is one.

## A whole file

\`\`\`yaml
${EXAMPLE}\`\`\`

Only \`version\`, \`policies\` and \`watch\` are required.

## At the top

A reload applies changes of these keys.

${table(simple)}

${sections(schema)}

## More endpoints, more accounts

Curfew can discover endpoints by their tags, or all endpoints of a Region (\`discover: all\`). It can assume a role to
watch endpoints in another account. Discovery runs once a minute and needs \`ec2:DescribeClientVpnEndpoints\` on \`*\`: see
[IAM](iam.md). An endpoint that is listed twice is an error; one that is listed and discovered is watched once. A search
that fails keeps the last list.

\`\`\`yaml
# yaml-language-server: $schema=./schema/curfew.schema.json
version: 1
policies: [./policies]
watch:
  - region: eu-central-1
    endpoints: [cvpn-endpoint-0123456789abcdef0]
  - region: us-east-1
    discover: { tags: { vpn-policy: enforced } }
    assumeRole: { arn: "arn:aws:iam::111122223333:role/curfew", externalId: curfew }
\`\`\`
`
}
