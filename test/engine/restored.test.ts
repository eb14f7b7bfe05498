import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { expect, it } from 'vitest'
import { asServer } from './cluster.ts'
import { startCompany, until } from './replicas.ts'

const run = promisify(execFile)

const POLICIES = `
version: 1
policies:
  - { name: short, kind: max-session-age, maxAge: 1s, guard: off }
`
const clients = () => [{ count: 3, name: 'short-{n}', arrivalsPerMinute: 120 }]

it('a backup that was restored is refused until an operator accepts it, and then enforcement goes on', async () => {
  await using company = await startCompany({ units: 2, policies: POLICIES, clients })
  await company.migrate()
  const { cluster, calls } = company
  const dump = join(cluster.folder, 'backup')
  const moreCalls = async () => {
    const before = calls.length
    await until(() => calls.length > before + 4)
  }

  const before = company.start('ONE')
  await moreCalls()
  await run(...asServer('pg_dump', ['-Fc', '-n', 'curfew', '-f', dump, '-d', cluster.url()]))
  await moreCalls()
  before.signal('SIGTERM')
  expect(await before.exited).toEqual({ code: 0, signal: null })
  expect(await company.mistakes()).toEqual([])
  // pg_restore --clean does not drop the parts of a table that is partitioned.
  await cluster.sql('drop schema curfew cascade')
  await run(...asServer('pg_restore', ['--exit-on-error', '-d', cluster.url(), dump]))

  const atRestore = calls.length
  const after = company.start('ONE')
  const refusal = await until(() => after.lines.find(({ event }) => event === 'engine-refused'))
  expect(refusal).toMatchObject({ why: 'restored', msg: expect.stringContaining('curfew engine accept') })
  expect(await company.brokenChains()).toEqual([])
  const accept = ['engine', 'accept', '-c', 'curfew.yaml', '--owner-url', 'OWNER_URL']
  await expect(company.curfew(...accept)).rejects.toMatchObject({ code: 1 })
  expect(calls.length).toBe(atRestore)

  // The replica needs no help after this.
  await company.curfew(...accept, '--yes')
  await moreCalls()
  await company.stopAll()
  expect(after.lines.filter(({ event }) => event === 'engine-refused')).toHaveLength(1)
  expect(await company.mistakes(atRestore)).toEqual([])
  expect(await company.brokenChains()).toEqual([])
})
