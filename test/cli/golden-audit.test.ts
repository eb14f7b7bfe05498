import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { it } from 'vitest'
import { clockAt, workspace } from './curfew.ts'
import { expectGolden } from './golden.ts'
import { AGE_POLICY, curfewYaml } from './office.ts'
import { MORNING, writeTrailOfADay } from './trail-of-a-day.ts'

it('the whole output of the commands that read a trail, at two widths', async () => {
  await using here = await workspace({ 'curfew.yaml': curfewYaml(), 'policies.yaml': AGE_POLICY })
  await writeTrailOfADay(here.folder)
  const expectShown = (name: string, ...args: readonly string[]) =>
    expectGolden(name, here, [...args, '-c', 'curfew.yaml'], clockAt(MORNING))
  await expectShown('audit-show', 'audit', 'show')
  await expectShown('audit-show-csv', 'audit', 'show', '--output', 'csv')
  await expectShown('audit-show-user', 'audit', 'show', '--user', 'Mallory', '--event', 'outcome')
  await expectShown('audit-policies', 'audit', 'policies')
  await expectShown('audit-policies-at', 'audit', 'policies', '--at', '2026-12-01T09:30:00Z')
  await expectShown('audit-verify', 'audit', 'verify')
  const { stdout } = await here.run(['audit', 'verify', '-c', 'curfew.yaml'])
  const [, hash = ''] = /^head {2}\d+ (\w+)$/m.exec(stdout) ?? []
  await expectShown('audit-verify-anchor', 'audit', 'verify', '--anchor', `27:${hash}`)
})

it('the whole output of the commands that read a trail without some of its parts', async () => {
  await using here = await workspace({})
  await writeTrailOfADay(here.folder)
  const parts = readdirSync(join(here.folder, 'data')).filter((name) => !name.endsWith('.lock'))
  const expectShown = (name: string, action: string, files: readonly string[], ...more: readonly string[]) =>
    expectGolden(name, here, ['audit', action, ...files.map((file) => `data/${file}`), ...more], clockAt(MORNING))
  const [first, , ...others] = parts.toSorted((a, b) => (b === 'audit.jsonl' ? -1 : a < b ? -1 : 1))
  await expectShown('audit-verify-other-anchor', 'verify', parts, '--anchor', `20:${'0'.repeat(64)}`)
  const from = /\.0*(\d+)-/.exec(others[0] ?? '')?.[1] ?? ''
  await expectShown('audit-show-gap', 'show', [first ?? '', ...others], '--event', 'reload', '--event', 'stop')
  await expectShown('audit-show-later-parts', 'show', others, '--event', 'reload', '--event', 'stop')
  await expectShown('audit-verify-from', 'verify', others, '--from', from)
  await expectShown('audit-verify-gap', 'verify', others)
})
