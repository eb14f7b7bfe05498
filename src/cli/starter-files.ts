import { PLACEHOLDER_ENDPOINT } from '../config/schema/curfew-schema.ts'
import { curfewJsonSchema, policiesJsonSchema, testJsonSchema } from '../config/schema/json-schema.ts'

/** What a first configuration watches. Placeholders stand for a Region that is undefined, and for no endpoints. */
export interface Watched {
  readonly region: string | undefined
  readonly endpoints: readonly string[]
}

const regionLine = (region: string | undefined) => region ?? 'eu-central-1 # write the Region of your endpoint'

const endpointLines = (endpoints: readonly string[]) =>
  endpoints.length > 0 ? endpoints : [`${PLACEHOLDER_ENDPOINT} # a placeholder: write the id of your endpoint`]

const curfewYaml = ({ region, endpoints }: Watched) => `\
# yaml-language-server: $schema=./schema/curfew.schema.json
version: 1
mode: audit # audit: report which connections would end; enforce: end them
policies: [./policies]
# protect: { users: [break-glass@corp.example] } # no policy ends the connections of these users
watch:
  - region: ${regionLine(region)}
    endpoints:
${endpointLines(endpoints)
  .map((line) => `      - ${line}`)
  .join('\n')}
`

const POLICY = 'daily-reauthentication'

const POLICY_YAML = `\
# yaml-language-server: $schema=../schema/policies.schema.json
version: 1
policies:
  - name: ${POLICY}
    kind: max-session-age
    maxAge: 10h # a connection ends after this time, and its user signs in again
    # exempt: { users: [build@corp.example] } # this policy does not end the connections of these users
`

const TEST_YAML = `\
# yaml-language-server: $schema=../schema/test.schema.json
version: 1
policies: [./${POLICY}.yaml]
cases:
  - name: a connection ends after ten hours
    at: "2026-11-23T18:00:00Z"
    connection: { username: alice@corp.example, established: "2026-11-23T08:00:00Z" }
    expect: terminate

  - name: a connection stays up until then
    at: "2026-11-23T17:59:59Z"
    connection: { username: alice@corp.example, established: "2026-11-23T08:00:00Z" }
    expect: keep
    nextAt: "2026-11-23T18:00:00Z"
`

const README = `\
Curfew enforces the session policies in \`policies/\` on the AWS Client VPN endpoints that \`curfew.yaml\` names.
Before an edit goes live: \`curfew validate -c curfew.yaml && curfew test policies && curfew plan -c curfew.yaml\`
What it would have done last month: \`curfew backtest -c curfew.yaml --log-group LOG_GROUP --since 30d\`
To stop Curfew at once: write \`mode: audit\` in \`curfew.yaml\` and save. Within seconds Curfew ends nobody any more.
`

const json = (value: unknown) => `${JSON.stringify(value, null, 2)}\n`

/** The files of a first configuration, by their names in its folder. */
export const starterFiles = (watched: Watched): ReadonlyMap<string, string> =>
  new Map([
    ['curfew.yaml', curfewYaml(watched)],
    [`policies/${POLICY}.yaml`, POLICY_YAML],
    [`policies/${POLICY}.test.yaml`, TEST_YAML],
    ['README.md', README],
    ['schema/curfew.schema.json', json(curfewJsonSchema())],
    ['schema/policies.schema.json', json(policiesJsonSchema())],
    ['schema/test.schema.json', json(testJsonSchema())],
  ])
