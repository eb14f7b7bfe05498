import { existsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { bundled } from './support/bundle.ts'
import { createFolder } from './support/folder.ts'
import { median, type Options, ratio, rounded, type Table } from './support/table.ts'
import { usageOf } from './support/usage.ts'

const BUNDLE = 'dist/cli/main.js'
const SCHEMA = 'config/schema/policies.schema.json'

const CURFEW_YAML = `version: 1
policies: [./policies.yaml]
watch: [{ region: eu-central-1, endpoints: [cvpn-endpoint-0123456789abcdef0] }]
`

const RULES = [
  'kind: max-session-age, maxAge: 10h',
  'kind: max-sessions, limit: 2',
  'kind: max-transfer, total: 100GB',
  'kind: off-hours, timeZone: Europe/Berlin, allowed: [{ days: mon-fri, hours: "07:30-18:30" }]',
]

/** Policies of four kinds, each with two users of its own. */
const policiesYaml = (count: number) =>
  [
    'version: 1',
    'policies:',
    ...Array.from({ length: count }, (_, at) => {
      const users = `users: [user-${at}@corp.example, "team-${at}-*"]`
      return `  - { name: policy-${at}, ${RULES[at % RULES.length]}, match: { ${users} } }`
    }),
    '',
  ].join('\n')

/** `validate` with many policies, beside parsing the same file, and beside checking it against its JSON Schema. */
export const manyPolicies = async ({ quick, rounds }: Options): Promise<readonly Table[]> => {
  if (!existsSync(BUNDLE)) throw new Error(`${BUNDLE} does not exist: run npm run build first`)
  using schema = await bundled('bench/support/check-schema.ts')
  using folder = createFolder()
  const config = join(folder.path, 'curfew.yaml')
  const file = join(folder.path, 'policies.yaml')
  writeFileSync(config, CURFEW_YAML)
  const rows = []
  for (const policies of quick ? [20, 40] : [1000, 2000, 4000, 10_000]) {
    writeFileSync(file, policiesYaml(policies))
    const contenders = {
      floor: [schema.file, file],
      peer: [schema.file, file, SCHEMA],
      curfew: [BUNDLE, 'validate', '-c', config],
    }
    const used: Record<keyof typeof contenders, number[]> = { floor: [], peer: [], curfew: [] }
    for (let round = 0; round < rounds; round++)
      for (const name of ['floor', 'peer', 'curfew'] as const) used[name].push(usageOf(contenders[name]).cpuSeconds)
    const [floor, peer, curfew] = [median(used.floor), median(used.peer), median(used.curfew)]
    rows.push({
      policies,
      'validate, CPU s': rounded(curfew),
      'floor: the file parsed': rounded(floor),
      'to the floor': ratio(curfew, floor),
      'peer: its JSON Schema checked': rounded(peer),
      'to the peer': ratio(curfew, peer),
    })
  }
  return [{ title: 'many-policies: validate, CPU seconds of a process', rows }]
}
