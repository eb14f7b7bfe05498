import { execFileSync } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, chownSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { type AddressInfo, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import pg from 'pg'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { accessDatabase, openPool } from '../../../src/adapters/postgres/connect.ts'
import { reasonOf } from '../../../src/adapters/postgres/reason.ts'
import type { PostgresSettings } from '../../../src/config/configuration.ts'
import { type Cluster, startCluster } from '../../engine/cluster.ts'
import { freePort } from '../../free-port.ts'
import { certificate } from '../http/certificates.ts'

const folder = mkdtempSync(join(tmpdir(), 'curfew-tls-'))
const ca = certificate(folder, 'ca')
const otherCa = certificate(folder, 'other-ca')
const server = certificate(folder, 'server', ca, 'DNS:localhost')

let encrypted: Cluster
let plain: Cluster
beforeAll(async () => {
  chmodSync(folder, 0o755)
  // The server refuses a key that others can read, and runs as another user than root.
  if (process.getuid?.() === 0) {
    const uid = Number(execFileSync('/usr/bin/id', ['-u', 'postgres'], { encoding: 'utf8' }))
    chownSync(server.keyFile, uid, 0)
  }
  const ssl = { ssl: 'on', ssl_cert_file: server.certFile, ssl_key_file: server.keyFile }
  ;[encrypted, plain] = await Promise.all([startCluster(ssl), startCluster()])
})
afterAll(async () => {
  await Promise.all([encrypted.stop(), plain.stop()])
  rmSync(folder, { recursive: true })
})

const settings = (more: Partial<PostgresSettings> = {}): PostgresSettings => ({
  kind: 'postgres',
  url: { env: 'CURFEW_DATABASE_URL' },
  leaseMs: 6000,
  tls: { mode: 'verify', caFile: ca.certFile },
  iam: undefined,
  ...more,
})

const access = (...args: Parameters<typeof accessDatabase>) => {
  const found = accessDatabase(...args)
  if ('problem' in found) throw new Error(found.problem)
  return found
}

const signIn = async (...args: Parameters<typeof accessDatabase>) => {
  const { options } = access(...args)
  const client = new pg.Client(options)
  client.on('error', () => {})
  try {
    await client.connect()
    const { rows } = await client.query<{ ssl: boolean; name: string }>(
      `select ssl, current_setting('application_name') as name from pg_stat_ssl where pid = pg_backend_pid()`,
    )
    return rows[0]
  } catch (error) {
    return reasonOf(error, options.ssl)
  } finally {
    await client.end().catch(() => {})
  }
}

const urlAt = (port: number, host = 'localhost') => `postgres://owner@${host}:${port}/postgres`

describe('a connection to the database', () => {
  it('is encrypted, with a certificate of the named authority for the name of the host', async () => {
    expect(await signIn(settings(), urlAt(encrypted.port), 'curfew one')).toEqual({ ssl: true, name: 'curfew one' })
  })

  it('is refused where the certificate is for another host', async () => {
    expect(await signIn(settings(), urlAt(encrypted.port, '127.0.0.1'), 'curfew')).toContain(
      'the certificate of the server is not for the host in the URL',
    )
  })

  it.each([
    ['another authority', () => otherCa.certFile, 'no authority in the file of "engine.tls.caFile" has signed'],
    ['those of Node.js', () => undefined, 'no known authority has signed the certificate of the server: name its CA'],
  ])('is refused where %s did not sign the certificate', async (_what, caFile, part) => {
    const tls = { mode: 'verify', caFile: caFile() } as const
    expect(await signIn(settings({ tls }), urlAt(encrypted.port), 'curfew')).toContain(part)
  })

  it('is refused where the server has no TLS', async () => {
    expect(await signIn(settings(), urlAt(plain.port), 'curfew')).toContain(
      'the server offers no TLS: switch "ssl" on there',
    )
  })

  it('says so where a server accepts it and does not answer', async () => {
    const silent = createServer(() => {}).listen(0, '127.0.0.1')
    await once(silent, 'listening')
    try {
      const { port } = silent.address() as AddressInfo
      const { options } = access(settings({ tls: { mode: 'off' } }), urlAt(port, '127.0.0.1'), 'curfew')
      const client = new pg.Client({ ...options, connectionTimeoutMillis: 100 })
      const pool = new pg.Pool({ ...options, connectionTimeoutMillis: 100 })
      for (const connect of [client.connect(), pool.query('select 1')]) {
        const error: unknown = await connect.then(
          () => undefined,
          (found: unknown) => found,
        )
        expect(reasonOf(error)).toContain('no answer in time')
      }
    } finally {
      silent.close()
    }
  })

  it('is without TLS only where the file says so, and says what others can read', async () => {
    const off = settings({ tls: { mode: 'off' } })
    expect(await signIn(off, urlAt(plain.port), 'curfew')).toMatchObject({ ssl: false })
    expect(access(off, urlAt(5432), 'curfew').exposure).toBeUndefined()
    expect(access(off, urlAt(5432, 'db.corp.example'), 'curfew').exposure).toContain('is not encrypted')
    expect(access(settings(), urlAt(5432, 'db.corp.example'), 'curfew').exposure).toBeUndefined()
  })

  it('does not heed variables of the environment that weaken it', async () => {
    const before = process.env
    process.env = { ...before, PGSSLMODE: 'disable', PGPASSWORD: 'of-another-program', NODE_PG_FORCE_NATIVE: '' }
    try {
      expect(await signIn(settings(), urlAt(encrypted.port), 'curfew')).toMatchObject({ ssl: true })
    } finally {
      process.env = before
    }
  })

  it('says which file of authorities cannot be read', () => {
    const tls = { mode: 'verify', caFile: join(folder, 'missing.pem') } as const
    expect(accessDatabase(settings({ tls }), urlAt(1), 'curfew')).toEqual({
      key: 'engine.tls.caFile',
      problem: `${folder}/missing.pem cannot be read: it does not exist`,
    })
  })

  it.each([
    ['without a certificate', 'nothing\n', 'has no certificate'],
    [
      'with half of a certificate',
      '-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n',
      'has a certificate that cannot be read',
    ],
  ])('says so of a file of authorities %s', (_what, text, part) => {
    const caFile = join(folder, 'odd.pem')
    writeFileSync(caFile, text)
    const found = accessDatabase(settings({ tls: { mode: 'verify', caFile } }), urlAt(1), 'curfew')
    expect(found).toEqual({ key: 'engine.tls.caFile', problem: expect.stringContaining(part) as string })
  })

  it.each([
    ['a port where nothing listens', async () => urlAt(await freePort()), 'nothing listens at its address and port'],
    ['a database that does not exist', async () => `postgres://owner@localhost:${plain.port}/none`, 'create it'],
  ])('says what is wrong with %s', async (_what, url, part) => {
    expect(await signIn(settings({ tls: { mode: 'off' } }), await url(), 'curfew')).toContain(part)
  })

  it('with a wrong password says so, and not the password', async () => {
    await plain.sql(`create role guarded login password 'right'`)
    writeFileSync(
      join(plain.data, 'pg_hba.conf'),
      'host all guarded 127.0.0.1/32 scram-sha-256\nhost all all 127.0.0.1/32 trust\n',
    )
    await plain.sql('select pg_reload_conf()')
    const off = settings({ tls: { mode: 'off' } })
    const url = (password: string) => `postgres://guarded${password && `:${password}`}@127.0.0.1:${plain.port}/postgres`
    let said: unknown
    // The server reads its new rules in a moment of its own.
    while (typeof (said = await signIn(off, url('wrong'), 'curfew')) !== 'string');
    expect(said).toBe('the server refuses the password of the user in the URL')
    expect(await signIn(off, url('right'), 'curfew')).toMatchObject({ ssl: false })
    expect(await signIn(off, url(''), 'curfew')).toContain(
      'the server asks for a password, and the URL has none: write',
    )
  })
})

describe('a token of IAM', () => {
  const iam = { region: 'eu-central-1' }

  it('is signed anew for each connection, and is the password', async () => {
    await plain.sql(`create role by_token login password 'token-2'`)
    writeFileSync(
      join(plain.data, 'pg_hba.conf'),
      'host all by_token 127.0.0.1/32 scram-sha-256\nhost all all 127.0.0.1/32 trust\n',
    )
    await plain.sql('select pg_reload_conf()')
    const signed: unknown[] = []
    const { options } = access(
      settings({ iam, tls: { mode: 'off' } }),
      `postgres://by_token@127.0.0.1:${plain.port}/postgres`,
      'curfew',
      async ({ host, port, user }, region) => {
        signed.push([host, port, user, region])
        return `token-${signed.length}`
      },
    )
    const [first, second] = [new pg.Client(options), new pg.Client(options)]
    await expect(first.connect()).rejects.toMatchObject({ code: '28P01' })
    await second.connect()
    await second.end()
    expect(signed).toEqual(Array(2).fill(['127.0.0.1', plain.port, 'by_token', 'eu-central-1']))
  })

  it('is that of the signer of the SDK, with the credentials of the process', async () => {
    const before = process.env
    process.env = { ...before, AWS_ACCESS_KEY_ID: 'AKIDEXAMPLE', AWS_SECRET_ACCESS_KEY: 'wJalrXUtnFEMI' }
    try {
      const { options } = access(settings({ iam }), 'postgres://curfew@db.corp.example:5432/vpn', 'curfew')
      const token = typeof options.password === 'function' ? await options.password() : ''
      const url = new URL(`https://${token}`)
      expect([url.host, url.searchParams.get('Action'), url.searchParams.get('DBUser')]).toEqual([
        'db.corp.example:5432',
        'connect',
        'curfew',
      ])
      expect(url.searchParams.get('X-Amz-Credential')).toMatch(
        /^AKIDEXAMPLE\/\d{8}\/eu-central-1\/rds-db\/aws4_request$/,
      )
    } finally {
      process.env = before
    }
  })

  it('takes no password beside it', () => {
    const found = accessDatabase(settings({ iam }), 'postgres://curfew:hush@db.corp.example/vpn', 'curfew')
    expect(found).toEqual({ problem: expect.stringContaining('"engine.iam" signs in without one') as string })
    expect(JSON.stringify(found)).not.toContain('hush')
  })
})

describe('the pool', () => {
  it('survives that the server ends its idle connections', async () => {
    const pool = openPool(access(settings({ tls: { mode: 'off' } }), urlAt(plain.port), 'curfew pool'))
    const pid = async () => (await pool.query<{ pid: number }>('select pg_backend_pid() as pid')).rows[0]?.pid
    const first = await pid()
    const removed = new Promise((resolve) => pool.once('remove', resolve))
    await plain.sql('select pg_terminate_backend($1)', [first])
    await removed
    expect(await pid()).not.toBe(first)
    await pool.end()
  })

  it('asks the server to give a statement up before nobody waits for its answer', async () => {
    const pool = openPool(access(settings({ tls: { mode: 'off' } }), urlAt(plain.port), 'curfew pool'))
    const { rows } = await pool.query<{ ms: number }>(
      `select setting::integer as ms from pg_settings where name = 'statement_timeout'`,
    )
    expect(rows[0]?.ms).toBeGreaterThan(0)
    expect(rows[0]?.ms).toBeLessThan(Number(pool.options.query_timeout))
    await pool.end()
  })
})
