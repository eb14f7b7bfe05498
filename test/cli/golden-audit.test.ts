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
  await expectShown('audit-show-user', 'audit', 'show', '--user', 'Mallory', '--event', 'outcome')
  await expectShown('audit-policies', 'audit', 'policies')
  await expectShown('audit-policies-at', 'audit', 'policies', '--at', '2026-12-01T09:30:00Z')
  await expectShown('audit-verify', 'audit', 'verify')
})
