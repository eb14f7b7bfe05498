import { describe, expect, it } from 'vitest'
import { parse } from 'yaml'
import { configurationPage } from '../../scripts/configuration-page.ts'
import { KEYS_OF_THE_START } from '../../src/config/configuration.ts'
import { curfewJsonSchema } from '../../src/config/schema/json-schema.ts'
import { workspace } from '../cli/curfew.ts'
import { AGE_POLICY, curfewYaml, startOffice } from '../cli/office.ts'

const page = configurationPage()

/** Keys that the whole file leaves out: each needs a folder or a file that the example cannot have. */
const NOT_IN_EXAMPLE = ['$schema', 'readFrom', 'approved']

const rows = [...page.matchAll(/^\| (`.*) \|$/gm)].map(([, row = '']) => row.split(' | '))

describe('the reference of curfew.yaml', () => {
  it('says of each key what it means', () => {
    expect(rows.length).toBeGreaterThan(30)
    expect(rows.filter((cells) => cells.length < 4 || !/^.{10,}\.$/.test(cells.at(-1) ?? ''))).toEqual([])
    expect(rows.map(([, type]) => type)).not.toContain('value')
  })

  it('shows every key at the top, in a file in which each of them stands', () => {
    const keys = Object.keys(curfewJsonSchema().properties as object)
    const [, example = ''] = /```yaml\n([\s\S]*?)```/.exec(page) ?? []
    expect([...Object.keys(parse(example) as object), ...NOT_IN_EXAMPLE].toSorted()).toEqual(keys.toSorted())
    expect(keys.filter((key) => !page.includes(`\n## ${key}\n`) && !page.includes(`\n| \`${key}\` |`))).toEqual([])
  })

  it('says truly which keys need a restart', async () => {
    await using office = await startOffice()
    await using here = await workspace({ 'curfew.yaml': curfewYaml(), 'policies.yaml': AGE_POLICY })
    await using daemon = here.start(['run', '-c', 'curfew.yaml'], office.env)
    await daemon.untilLogged('started')
    const changed = `
audit: { file: other/audit.jsonl }
state: { file: other/state.json }
history: {}
engine: { kind: postgres, url: { env: CURFEW_DATABASE_URL } }
protect: { users: [alice] }
poll: { requestTimeout: 9s }
termination: { attempts: 2 }
guard: { maxPercent: 40 }
notify: [{ webhook: "https://hooks.example/curfew" }]
`
    await here.write('curfew.yaml', curfewYaml(changed).replace('port: 0', 'port: 1').replace('debug', 'info'))
    await daemon.untilLogged('reloaded')
    const logged = await daemon.until(() => {
      const found = daemon.log().filter(({ event }) => event === 'restart-needed')
      return found.length >= KEYS_OF_THE_START.length ? found : undefined
    })
    expect(new Set(logged.map(({ key }) => key))).toEqual(new Set(KEYS_OF_THE_START))
    const asToRestart = [...page.matchAll(/^## (\w+)\n\n(?:.+\n)*\*\*A change takes effect when/gm)]
    expect(new Set(asToRestart.map(([, key]) => key))).toEqual(new Set(KEYS_OF_THE_START))
  })
})
