import { describe, expect, it } from 'vitest'
import { workspace } from './curfew.ts'
import { listingLoaded, loadedCode } from './loaded.ts'
import { AGE_POLICY, curfewYaml, startOffice } from './office.ts'

/** A text of the package `pg`, which is in no other one. */
const PG_ALONE = 'SCRAM-SERVER-FIRST-MESSAGE'

/** Whether the command has loaded what speaks to PostgreSQL. */
const hasLoadedPg = async (place: { readonly folder: string }): Promise<boolean> => {
  const files = await loadedCode(place)
  expect(files.length).toBeGreaterThan(1)
  return files.some((code) => code.includes(PG_ALONE))
}

describe.concurrent('what speaks to PostgreSQL', () => {
  it('is not loaded by a process with files', async () => {
    await using office = await startOffice()
    await using here = await workspace({ 'curfew.yaml': curfewYaml(), 'policies.yaml': AGE_POLICY })
    const env = { ...office.env, ...listingLoaded(here) }
    expect((await here.run(['run', '--once', '-c', 'curfew.yaml'], env)).code).toBe(0)
    expect(await hasLoadedPg(here)).toBe(false)
  })

  it('is loaded by a replica, which goes on trying while its database is away, and stops in order', async () => {
    await using office = await startOffice()
    await using here = await workspace({
      'curfew.yaml': curfewYaml('engine: { kind: postgres, url: { env: DATABASE }, tls: off }'),
      'policies.yaml': AGE_POLICY,
    })
    // Nothing listens on this port.
    const DATABASE = 'postgres://curfew:secret-of-the-database@127.0.0.1:9/curfew'
    await using replica = here.start(['run', '-c', 'curfew.yaml'], {
      ...office.env,
      ...listingLoaded(here),
      DATABASE,
    })
    const { url } = await replica.untilLogged('listening')
    await replica.untilLogged('engine-away')
    const statusOf = async (path: string) => (await fetch(`${String(url)}${path}`)).status
    expect([await statusOf('/healthz'), await statusOf('/readyz')]).toEqual([200, 503])
    expect(await (await fetch(`${String(url)}/status`)).json()).toMatchObject({
      engine: { state: 'joining', units: null },
    })
    replica.child.kill('SIGTERM')
    expect(await replica.exited).toBe(0)
    expect(await hasLoadedPg(here)).toBe(true)
    expect(replica.stdout + replica.stderr).not.toContain('secret-of-the-database')
  })

  it('is not asked by run --once, which would make other replicas hand units over', async () => {
    await using here = await workspace({
      'curfew.yaml': curfewYaml('engine: { kind: postgres, url: { env: DATABASE }, tls: off }'),
      'policies.yaml': AGE_POLICY,
    })
    const { code, stderr } = await here.run(['run', '--once', '-c', 'curfew.yaml'], {})
    expect(code).toBe(1)
    expect(stderr).toContain('--once does not work with "engine: postgres"')
  })

  it('names the place of a database URL that is missing', async () => {
    await using here = await workspace({
      'curfew.yaml': curfewYaml('engine: { kind: postgres, url: { env: DATABASE }, tls: off }'),
      'policies.yaml': AGE_POLICY,
    })
    const { code, stderr } = await here.run(['run', '-c', 'curfew.yaml'], {})
    expect(code).toBe(1)
    expect(stderr).toContain('DATABASE')
  })
})
