import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { parse } from 'yaml'
import { anchorsOf, tableAfter } from '../docs/pages.ts'
import { SecurityInsights } from './security-insights.ts'

const { license, repository } = JSON.parse(readFileSync('package.json', 'utf8')) as {
  readonly license: string
  readonly repository: { readonly type: string; readonly url: string }
}
const address = repository.url.replace(/^git\+|\.git$/g, '')

describe('the repository in package.json', () => {
  it('is an address of git, and a placeholder that says so until somebody publishes Curfew', () => {
    expect(repository).toEqual({ type: 'git', url: 'git+https://repository-not-yet-set.invalid/curfew.git' })
  })
})

describe('SECURITY-INSIGHTS.yml', () => {
  const text = readFileSync('SECURITY-INSIGHTS.yml', 'utf8')
  const insights = SecurityInsights.parse(parse(text))

  it('has the shape of the specification, which has no other fields', () => {
    expect(() => SecurityInsights.parse({ ...insights, expires: '2027-01-01' })).toThrow('expires')
  })

  it('names the repository and the licence of package.json', () => {
    expect(insights.repository.url).toBe(address)
    expect(insights.project.repositories.map(({ url }) => url)).toEqual([address])
    expect(insights.repository.license.expression).toBe(license)
  })

  it('names only files and headings that exist', () => {
    const hosts = [...text.matchAll(/https:\/\/\S+/g)]
      .map(([found]) => found)
      .filter((found) => found.includes('.invalid'))
    expect(hosts.filter((found) => !found.startsWith(address))).toEqual([])
    const named = [...text.matchAll(/\/blob\/main\/([^\s#]+)(?:#(\S+))?/g)]
    expect(named.length).toBeGreaterThan(10)
    const broken = named.filter(
      ([, file = '', anchor]) => !existsSync(file) || (anchor !== undefined && !anchorsOf(file).includes(anchor)),
    )
    expect(broken.map(([found]) => found)).toEqual([])
  })

  it('names the tools and statements that are there', () => {
    const scripts = readFileSync('scripts/release/statements.ts', 'utf8')
    const types = insights.repository.release.attestations?.map((one) => one['predicate-uri']) ?? []
    expect(types.filter((type) => !scripts.includes(`'${type}'`))).toEqual([])
    const rulesets = insights.repository.security.tools?.flatMap((tool) => tool.rulesets) ?? []
    expect(rulesets.filter((name) => name !== 'default' && !existsSync(name))).toEqual([])
  })
})

describe('CODEOWNERS.sample', () => {
  const lines = readFileSync('CODEOWNERS.sample', 'utf8')
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'))

  it('names paths that exist, folders with a slash at the end, and an owner for each', () => {
    const wrong = lines.filter((line) => {
      const [, path = '', owner = ''] = /^(\*|\/\S+) +(\S+)$/.exec(line) ?? []
      return !owner.startsWith('@YOUR-ORGANIZATION/') || (path !== '*' && !existsSync(`.${path}`))
    })
    expect(wrong).toEqual([])
  })

  it('has owners of their own for what gives rights, or runs as root', () => {
    const [everything = ''] = lines
    const ownerOf = (path: string) =>
      (lines.findLast((line) => path.startsWith(line.split(' ', 1)[0] ?? '')) ?? everything).split(/ +/)[1]
    const folders = readdirSync('deploy', { withFileTypes: true })
      .filter((entry) => entry.isDirectory() && !['grafana', 'prometheus'].includes(entry.name))
      .map(({ name }) => `/deploy/${name}/`)
    expect(folders.filter((folder) => ownerOf(folder) === ownerOf('/docs/'))).toEqual([])
  })

  it('begins with the owner of everything else, because the last match counts', () => {
    expect(lines[0]).toMatch(/^\* /)
    expect(lines.slice(1).filter((line) => line.startsWith('*'))).toEqual([])
  })
})

describe('SECURITY.md', () => {
  it('says how fast a report is answered, assessed and fixed', () => {
    const times = tableAfter('SECURITY.md', '## Reporting').map(([, time]) => time)
    expect(times).toHaveLength(4)
    for (const time of times) expect(time).toMatch(/^\d+ (?:working )?days(?: after the assessment)?$/)
  })
})
