import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { workspace } from './curfew.ts'
import { AGE_POLICY, curfewYaml, startOffice } from './office.ts'

/** A text of the package `pg`, which is in no other one. */
const PG_ALONE = 'SCRAM-SERVER-FIRST-MESSAGE'

/** Makes Node write the URL of each module that it loads into the file LOADED. */
const hooks = `
import { appendFileSync } from 'node:fs'
export const load = (url, context, next) => {
  appendFileSync(process.env.LOADED, url + '\\n')
  return next(url, context)
}`
const register = `import { register } from 'node:module'; register('data:text/javascript,${encodeURIComponent(hooks).replaceAll("'", '%27')}')`
const NODE_OPTIONS = `--import=data:text/javascript,${encodeURIComponent(register).replaceAll("'", '%27')}`

/** Whether the command has loaded what speaks to PostgreSQL. */
const hasLoadedPg = async ({ folder }: { readonly folder: string }): Promise<boolean> => {
  const urls = (await readFile(join(folder, 'loaded'), 'utf8')).split('\n')
  const files = urls.filter((url) => url.startsWith('file:')).map((url) => fileURLToPath(url))
  expect(files.length).toBeGreaterThan(1)
  const texts = await Promise.all(files.map((file) => readFile(file, 'utf8')))
  return texts.some((text) => text.includes(PG_ALONE))
}

describe.concurrent('what speaks to PostgreSQL', () => {
  it('is not loaded by a process with files', async () => {
    await using office = await startOffice()
    await using here = await workspace({ 'curfew.yaml': curfewYaml(), 'policies.yaml': AGE_POLICY })
    const env = { ...office.env, NODE_OPTIONS, LOADED: join(here.folder, 'loaded') }
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
      NODE_OPTIONS,
      LOADED: join(here.folder, 'loaded'),
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
