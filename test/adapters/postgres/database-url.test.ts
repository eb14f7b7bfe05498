import { describe, expect, it } from 'vitest'
import { parseDatabaseUrl } from '../../../src/adapters/postgres/database-url.ts'

describe('the URL of a database', () => {
  it.each([
    [
      'postgres://curfew:p%40ss%2Fword@db.corp.example:6432/vpn',
      { host: 'db.corp.example', port: 6432, database: 'vpn', user: 'curfew', password: 'p@ss/word' },
    ],
    [
      'postgresql://curfew@[::1]/curfew',
      { host: '::1', port: 5432, database: 'curfew', user: 'curfew', password: undefined },
    ],
    [
      'postgres://c%3Aurfew:%C3%BC@127.0.0.1/my%20database',
      { host: '127.0.0.1', port: 5432, database: 'my database', user: 'c:urfew', password: 'ü' },
    ],
  ])('%s', (text, expected) => {
    expect(parseDatabaseUrl(text)).toEqual(expected)
  })

  it.each([
    ['db.corp.example', 'this is not the URL of a database'],
    ['mysql://curfew:hush@db/curfew', 'this is not the URL of a database'],
    ['postgres://curfew:hush/hush@db/curfew', 'this URL cannot be read'],
    ['postgres://curfew:hush@db:port/curfew', 'this URL cannot be read'],
    ['postgres://curfew:hu%sh@db/curfew', 'write % in a password as %25'],
    ['postgres://curfew:hush@db/curfew#hush', 'write # in a password as %23'],
    ['postgres:///curfew', 'names no host'],
    ['postgres://db/curfew', 'names no user'],
    ['postgres://curfew:hush@db', 'names no database'],
    ['postgres://curfew:hush@db/', 'names no database'],
    ['postgres://curfew:hush@db/a/b', 'names no database'],
    ['postgres://curfew:hush@db/curfew?sslmode=disable', 'the parameter sslmode: remove it, and write "engine.tls"'],
    ['postgres://curfew:hush@db/curfew?a=1&sslrootcert=/hush', 'the parameter sslrootcert'],
    ['postgres://curfew:hush@db/curfew?hush=1', 'has parameters after "?"'],
    ['postgres://curfew:hush@db/curfew?ssl%0Ahush=1', 'has parameters after "?"'],
  ])('%s is refused, and nothing of it is repeated', (text, part) => {
    const found = parseDatabaseUrl(text)
    expect(found).toEqual({ problem: expect.stringContaining(part) as string })
    expect(JSON.stringify(found)).not.toMatch(/hush|db/)
  })
})
