import { execFileSync, spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { Spec, Validation } from '@cyclonedx/cyclonedx-library'
import type { Metafile } from 'esbuild'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Bill } from '../../scripts/release/bill-of-materials.ts'
import { bundledPackages } from '../../scripts/third-party-licences.ts'
import { VERSION } from '../../src/version.ts'
import { blocks, tableAfter } from '../docs/pages.ts'
import { IS_NIGHTLY } from '../nightly.ts'
import { BillStatement, ProvenanceStatement } from './in-toto.ts'
import { initialize, isolated, sshKey } from './throw-away-key.ts'

const home = mkdtempSync(join(tmpdir(), 'curfew-trial-'))
const sources = join(home, 'sources')
const out = join(sources, 'release/1.2.3')

const git = (...args: string[]) =>
  execFileSync('git', args, { cwd: sources, encoding: 'utf8', env: isolated(home) }).trim()

/** A repository of its own with the sources as they lie here, committed or not. */
const cloneSources = () => {
  const listed = execFileSync('git', ['ls-files', '-co', '--exclude-standard', '-z'], { encoding: 'utf8' })
  for (const file of listed.split('\0').filter((name) => name !== '' && existsSync(name))) {
    mkdirSync(dirname(join(sources, file)), { recursive: true })
    copyFileSync(file, join(sources, file))
  }
  symlinkSync(resolve('node_modules'), join(sources, 'node_modules'))
  // The tests of the Debian package build it. Here, it is built at night.
  if (!IS_NIGHTLY) writeFileSync(join(sources, 'scripts/deb/build.sh'), 'echo deb >"$1/curfew_1.2.3-1_all.deb"\n')
}

/**
 * A program in place of npm, which does what costs most in another way: the bundle is the one that the tests have built, which
 * tells another version, and nobody asks the registry. At night, npm itself runs.
 */
const standInForNpm = (): string => {
  const tools = join(home, 'bin')
  mkdirSync(tools)
  const metafile = join(home, 'metafile.json')
  // In a worktree whose packages are a link, esbuild names them by a path that only fits there.
  const text = readFileSync('reports/metafile.json', 'utf8')
  writeFileSync(metafile, text.replaceAll(/"\.\.\/(?:(?!node_modules)[^"])*(?=node_modules\/)/g, '"'))
  const script = `#!/bin/sh
case "$*" in
  audit*) echo '{ "message": "request to /-/npm/v1/security/advisories/bulk failed" }' ;;
  "run build "*) shift 4; cp -R '${resolve('dist')}' dist && cp '${metafile}' "$1" ;;
  *) PATH=\${PATH#*:} exec npm "$@" ;;
esac
`
  writeFileSync(join(tools, 'npm'), script, { mode: 0o755 })
  return tools
}

const contentOf = (name: string) => readFileSync(join(out, name), 'utf8')
const jsonOf = (name: string) => JSON.parse(contentOf(name)) as Record<string, unknown>
const sha256Of = (name: string) =>
  createHash('sha256')
    .update(readFileSync(join(out, name)))
    .digest('hex')

const ACCEPTED = ['audit-unasked', 'placeholder-repository', 'untested']
const MAINTAINER = { DEBFULLNAME: 'Test', DEBEMAIL: 'test@example.com' }
const DESCRIPTIONS = ['curfew-1.2.3.cdx.json', 'curfew-1.2.3.provenance.intoto.json', 'curfew-1.2.3.sbom.intoto.json']
const SUMS = ['SHA256SUMS', 'SHA256SUMS.sig']
/** What the verifying user writes. */
const SIGNERS = 'allowed_signers'
const artefacts = () => readdirSync(out).filter((name) => ![...DESCRIPTIONS, ...SUMS, SIGNERS].includes(name))

/** The commands of the page for people who verify a release with a key of SSH, in order. */
const verification = blocks
  .filter(({ page, language }) => page === 'docs/releasing.md' && language === 'console')
  .flatMap(({ text }) => text.split('\n'))
  .filter((line) => /^\$ (?:ssh-keygen|sha256sum|git -c|jq) /.test(line))
  .map((line) => line.slice(2))

/** Runs a command of the page as a user does: in the folder of the files, with the signer's key beside them. */
const asUser = (command: string) =>
  spawnSync('bash', ['-o', 'pipefail', '-c', command], { cwd: out, encoding: 'utf8', env: isolated(home) })

describe('a whole release in a clone', () => {
  let stdout: string

  beforeAll(() => {
    cloneSources()
    const { file, line } = sshKey(home, 'releases')
    initialize(sources, file, isolated(home))
    // Nothing listens there. The answer of a real registry must not decide about this test.
    const registry = { npm_config_registry: 'http://127.0.0.1:9/', npm_config_fetch_retries: '0' }
    const env = {
      ...isolated(home),
      ...MAINTAINER,
      ...(IS_NIGHTLY ? registry : { PATH: `${standInForNpm()}:${process.env.PATH}` }),
    }
    const args = ['scripts/release.sh', '1.2.3', ...ACCEPTED.flatMap((name) => ['--accept', name])]
    stdout = execFileSync('bash', args, { cwd: sources, encoding: 'utf8', env, stdio: ['ignore', 'pipe', 'pipe'] })
    writeFileSync(join(out, SIGNERS), line)
  })
  afterAll(() => rmSync(home, { recursive: true, force: true }))

  it('has a commit with the version, under a signed tag', () => {
    expect(git('status', '--porcelain')).toBe('')
    expect(git('show', 'v1.2.3:src/version.ts')).toContain("VERSION = '1.2.3'")
    expect(git('show', 'v1.2.3:CHANGELOG.md')).toMatch(/## \[Unreleased\]\n\n## \[1\.2\.3\] - \d{4}-\d\d-\d\d\n/)
    expect(git('cat-file', 'tag', 'v1.2.3')).toContain('BEGIN SSH SIGNATURE')
    expect(stdout).toContain('git push origin main v1.2.3')
  })

  it('has that version wherever the sources have theirs', () => {
    const { version } = JSON.parse(git('show', 'HEAD^:package.json')) as { version: string }
    expect(git('diff', '--name-only', 'HEAD^', 'HEAD').split('\n')).toEqual(
      expect.arrayContaining([
        'package.json',
        'package-lock.json',
        'deploy/compose.yaml',
        'deploy/helm/curfew/Chart.yaml',
      ]),
    )
    const left = spawnSync('git', ['grep', '-nwF', version, 'HEAD', '--', 'deploy', 'src'], {
      cwd: sources,
      encoding: 'utf8',
    })
    expect(left.stdout).toBe('')
  })

  it('has the program of that version in its archive', () => {
    const into = join(home, 'unpacked')
    mkdirSync(into)
    execFileSync('tar', ['-xzf', join(out, 'curfew-1.2.3.tar.gz'), '-C', into])
    const says = execFileSync(process.execPath, [join(into, 'curfew-1.2.3/dist/cli/main.js'), '--version'], {
      encoding: 'utf8',
    })
    expect(says.trim()).toBe(IS_NIGHTLY ? '1.2.3' : VERSION)
  })

  it('has the artefacts that the page lists, and checksums of all files', () => {
    const listed = tableAfter('docs/releasing.md', '# Releases').map(([name = '']) => name.replaceAll('`', ''))
    expect(listed.sort()).toEqual([...artefacts(), ...DESCRIPTIONS, ...SUMS].sort())
    const summed = contentOf('SHA256SUMS').trim().split('\n')
    expect(summed).toEqual([...artefacts(), ...DESCRIPTIONS].sort().map((name) => `${sha256Of(name)}  ${name}`))
  })

  it('is verified by the commands of the page', () => {
    expect(verification).toHaveLength(6)
    for (const command of verification) expect([command, asUser(command).status]).toEqual([command, 0])
    const printed = verification.map((command) => asUser(command).stdout)
    expect(printed.at(-2)?.trim()).toBe(git('rev-parse', 'v1.2.3^{commit}'))
    expect(printed.at(-1)?.trim().split('\n')).toEqual(ACCEPTED)
  })

  it('is refused by them once a file, a checksum or the signer is another', () => {
    const [signature = '', checksums = '', tag = '', subjects = ''] = verification
    const archive = readFileSync(join(out, 'curfew-1.2.3.tar.gz'))
    writeFileSync(join(out, 'curfew-1.2.3.tar.gz'), 'other')
    expect([asUser(checksums).status, asUser(subjects).status]).toEqual([1, 1])
    writeFileSync(join(out, 'curfew-1.2.3.tar.gz'), archive)

    const sums = contentOf('SHA256SUMS')
    writeFileSync(join(out, 'SHA256SUMS'), `${sums}\n`)
    expect(asUser(signature).status).not.toBe(0)
    writeFileSync(join(out, 'SHA256SUMS'), sums)

    const signers = contentOf(SIGNERS)
    mkdirSync(join(home, 'stranger'))
    writeFileSync(join(out, SIGNERS), sshKey(join(home, 'stranger'), 'releases').line)
    expect([asUser(signature).status, asUser(tag).status]).not.toContain(0)
    writeFileSync(join(out, SIGNERS), signers)
  })

  it('has provenance of every file, with the commit and the gates that were not passed', () => {
    const provenance = ProvenanceStatement.parse(jsonOf('curfew-1.2.3.provenance.intoto.json'))
    const subjects = [...artefacts(), 'curfew-1.2.3.cdx.json']
    expect(provenance.subject).toEqual(
      expect.arrayContaining(subjects.map((name) => ({ name, digest: { sha256: sha256Of(name) } }))),
    )
    expect(provenance.subject).toHaveLength(subjects.length)
    expect(provenance.predicate).toMatchObject({
      buildDefinition: {
        externalParameters: { version: '1.2.3', accepted: ACCEPTED },
        resolvedDependencies: [
          { digest: { gitCommit: git('rev-parse', 'v1.2.3^{commit}') } },
          {
            digest: {
              sha256: createHash('sha256')
                .update(readFileSync(join(sources, 'package-lock.json')))
                .digest('hex'),
            },
          },
        ],
      },
    })
  })

  describe('has a bill of materials that', () => {
    let bill: Bill
    const libraries = () => bill.components.filter(({ type }) => type === 'library').map((one) => one['bom-ref'])

    beforeAll(() => (bill = JSON.parse(contentOf('curfew-1.2.3.cdx.json')) as Bill))

    it('has exactly the packages with a byte in the bundle, as the list of licences does', () => {
      const metafile = JSON.parse(readFileSync('reports/metafile.json', 'utf8')) as Metafile
      const bundled = bundledPackages('.', metafile).map(({ name, version }) => `${name}@${version}`)
      expect(libraries()).toEqual(bundled.sort())
      const [list = ''] = readFileSync('dist/THIRD-PARTY-LICENSES.txt', 'utf8').split(/^-{80}$/m)
      const licensed = [...list.matchAll(/^ {2}(\S+) (\S+), /gm)].map(([, name, version]) => `${name}@${version}`)
      expect(libraries()).toEqual(licensed.sort())
    })

    it('leaves out what is installed and does not ship: tests, tools, and parts of Fastify that no route needs', () => {
      const names = (text: string) =>
        ['vitest', 'esbuild', 'light-my-request'].filter((name) => text.includes(`"${name}"`))
      expect(names(readFileSync('package-lock.json', 'utf8').replaceAll('node_modules/', ''))).toHaveLength(3)
      expect(names(contentOf('curfew-1.2.3.cdx.json'))).toEqual([])
      expect(bill.components.map(({ name }) => name)).toEqual(expect.arrayContaining(['zod', 'yaml', 'node']))
    })

    it('reaches every package from the product', () => {
      const next = new Map(bill.dependencies.map(({ ref, dependsOn }) => [ref, dependsOn]))
      const reached = new Set<string>()
      const visit = (ref: string) => {
        if (reached.has(ref)) return
        reached.add(ref)
        next.get(ref)?.forEach(visit)
      }
      visit(bill.metadata.component['bom-ref'])
      expect([...libraries(), 'node@24'].filter((ref) => !reached.has(ref))).toEqual([])
    })

    it('is valid by the schema of CycloneDX, which notices a wrong word', async () => {
      const validator = new Validation.JsonStrictValidator(Spec.Version.v1dot5)
      const text = JSON.stringify(bill)
      expect(await validator.validate(text)).toBe(null)
      expect(await validator.validate(text.replace('"platform"', '"plattform"'))).toMatchObject([{ keyword: 'enum' }])
    })

    it('is also a statement about the files with the bundle', () => {
      const { subject, predicate } = BillStatement.parse(jsonOf('curfew-1.2.3.sbom.intoto.json'))
      expect(predicate).toEqual(bill)
      expect(subject.map(({ name }) => name)).toEqual(artefacts().filter((name) => name !== 'curfew-chart-1.2.3.tgz'))
      expect(bill.metadata.component).toMatchObject({ name: 'curfew', version: '1.2.3' })
    })
  })
})
