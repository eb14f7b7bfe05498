import { curfewJsonSchema, policiesJsonSchema, testJsonSchema } from '../config/schema/json-schema.ts'

/** What a first configuration watches. Undefined for a placeholder. */
export interface Watched {
  readonly region: string
  readonly endpoints: readonly string[]
  /** Whether the operator still has to write the Region and the endpoint. */
  readonly isPlaceholder: boolean
}

const curfewYaml = ({ region, endpoints, isPlaceholder }: Watched) => `\
# yaml-language-server: $schema=./schema/curfew.schema.json
version: 1
mode: audit # audit: report which connections would end; enforce: end them
policies: [./policies]
# protect: { users: [break-glass@corp.example] } # no policy ends the connections of these users
watch:
  - region: ${region}${isPlaceholder ? ' # write the Region of your endpoint' : ''}
    endpoints:
${endpoints.map((id) => `      - ${id}${isPlaceholder ? ' # a placeholder: write the id of your endpoint' : ''}`).join('\n')}
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
