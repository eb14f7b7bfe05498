import { execFileSync, spawnSync } from 'node:child_process'
import {
  chmodSync,
  copyFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { tableAfter } from '../docs/pages.ts'
import { initialize, isolated, sshKey } from './throw-away-key.ts'

describe('scripts/release.sh', () => {
  let home: string
  let folder: string
  let tools: string

  const git = (...args: string[]) => execFileSync('git', args, { cwd: folder, encoding: 'utf8', env: isolated(home) })

  const write = (file: string, text: string) => writeFileSync(join(folder, file), text)

  const MAINTAINER = { DEBFULLNAME: 'Test', DEBEMAIL: 'test@example.com' }

  const release = (...args: string[]) => {
    const env = { ...isolated(home), ...maintainer, PATH: `${tools}:${process.env.PATH}` }
    return spawnSync('bash', ['scripts/release.sh', ...args], { cwd: folder, encoding: 'utf8', env })
  }

  const steps = (stdout: string) => [...stdout.matchAll(/^== (.*)$/gm)].map(([, step]) => step)

  /** A program in place of npm and node. What they do, the trial of a whole release shows. */
  const standIn = (name: string, script: string) => {
    writeFileSync(join(tools, name), `#!/bin/sh\n${script}\n`)
    chmodSync(join(tools, name), 0o755)
  }

  /** Sources with one commit and a key, made once. Each test has a copy. */
  const template = mkdtempSync(join(tmpdir(), 'curfew-release-'))

  let maintainer: object

  const use = (place: string) => {
    home = place
    folder = join(home, 'sources')
    tools = join(home, 'bin')
  }

  beforeAll(() => {
    use(template)
    for (const path of ['scripts', 'src', 'deploy/helm/curfew']) mkdirSync(join(folder, path), { recursive: true })
    mkdirSync(tools)
    for (const name of ['release', 'npm-audit', 'helm-package']) {
      copyFileSync(`scripts/${name}.sh`, join(folder, `scripts/${name}.sh`))
    }
    copyFileSync('Dockerfile', join(folder, 'Dockerfile'))
    mkdirSync(join(folder, 'scripts/deb'))
    write('scripts/deb/build.sh', 'touch "$1/curfew_1.2.3-1_all.deb"\n')
    write('scripts/archive.sh', 'touch "$1/curfew-1.2.3.tar.gz"\n')
    write('deploy/helm/curfew/Chart.yaml', 'version: 0.1.0\nappVersion: 0.1.0\n')
    write('.gitignore', '/release/\n')
    const repository = { url: 'git+https://git.example/curfew.git' }
    write('package.json', JSON.stringify({ name: 'curfew', version: '0.1.0', repository }, null, 2))
    write('deploy/compose.yaml', '    image: curfew:0.1.0\n')
    write('package-lock.json', '{}\n')
    write('src/version.ts', "export const VERSION = '0.1.0'\n")
    write('CHANGELOG.md', '# Changelog\n\n## [Unreleased]\n\n- A new kind of policy.\n')
    initialize(folder, sshKey(home, 'releases').file, isolated(home))
  })
  beforeEach(() => {
    use(mkdtempSync(join(tmpdir(), 'curfew-release-')))
    cpSync(template, home, { recursive: true })
    maintainer = MAINTAINER
  })
  afterEach(() => rmSync(home, { recursive: true, force: true }))
  afterAll(() => rmSync(template, { recursive: true, force: true }))

  it('prints every step with --dry-run and changes nothing', () => {
    const { stdout, stderr, status } = release('1.2.3', '--dry-run')
    expect(steps(stdout)).toEqual([
      'bash scripts/npm-audit.sh --required',
      'npm ci',
      'npm run check',
      'npm run test:nightly',
      'commit',
      expect.stringMatching(/^npm run build -- --metafile \S+$/),
      'artefacts',
      'describe',
      'checksums',
      'tag',
      'now push it: git push origin main v1.2.3',
      expect.stringMatching(/: npm publish release\/1\.2\.3\/curfew-1\.2\.3\.tgz --access public --provenance$/),
      expect.stringMatching(/^and build the image/),
    ])
    expect([stderr, status]).toEqual(['', 0])
    expect(git('status', '--porcelain') + git('tag')).toBe('')
    expect(existsSync(join(folder, 'release'))).toBe(false)
  })

  it('prints the build of the image as its page has it, on bases with digests', () => {
    const { stdout } = release('1.2.3', '--dry-run')
    const [, printed = ''] = /: (docker build .*)$/.exec(stdout.trim().split('\n').at(-1) ?? '') ?? []
    const [, shown = ''] =
      /^\$ (docker build [^$]*\$\([^)]*\)" \.)$/m.exec(readFileSync('docs/container.md', 'utf8')) ?? []
    expect(printed.match(/@sha256:/g)).toHaveLength(2)
    expect(printed).toBe(
      shown
        .replaceAll(/ \\\n +/g, ' ')
        .replace('--tag curfew', '--tag curfew:1.2.3')
        .replace('0.1.0', '1.2.3')
        .replace('HEAD', 'v1.2.3^{commit}'),
    )
  })

  it.each([
    ['a version that is not three numbers', ['1.2'], () => undefined, 'is not a version'],
    ['another branch than main', ['1.2.3'], () => git('switch', '-q', '-c', 'other'), 'the branch is not main'],
    ['changes that are not committed', ['1.2.3'], () => write('new', ''), 'some changes are not committed'],
    ['a tag that exists', ['1.2.3'], () => git('tag', 'v1.2.3'), 'the tag v1.2.3 exists already'],
    [
      'a changelog without an entry',
      ['1.2.3'],
      () => {
        write('CHANGELOG.md', '# Changelog\n\n## [Unreleased]\n')
        git('commit', '-q', '-a', '-m', 'empty')
      },
      'no entry under Unreleased',
    ],
    [
      'a repository that is not yet set, as in these sources',
      ['1.2.3', '--accept', 'unsigned'],
      () => {
        copyFileSync('package.json', join(folder, 'package.json'))
        git('commit', '-q', '-a', '-m', 'placeholder')
      },
      '--accept placeholder-repository',
    ],
    [
      'a Debian package without the name of its maintainer',
      ['1.2.3'],
      () => (maintainer = { DEBEMAIL: MAINTAINER.DEBEMAIL }),
      'set DEBFULLNAME to your name and DEBEMAIL to your address, or pass --accept placeholder-maintainer',
    ],
    [
      'a Debian package without the address of its maintainer',
      ['1.2.3'],
      () => (maintainer = { DEBFULLNAME: MAINTAINER.DEBFULLNAME, DEBEMAIL: '' }),
      'the Debian package has no maintainer',
    ],
    [
      'no key',
      ['1.2.3', '--accept', 'placeholder-repository'],
      () => git('config', '--unset', 'user.signingkey'),
      'nothing can be signed',
    ],
    [
      'a key of GnuPG that is not there',
      ['1.2.3'],
      () => git('config', 'gpg.format', 'openpgp'),
      'gpg.format to ssh for a key of SSH, or pass --accept unsigned',
    ],
    ['a format of keys that only git knows', ['1.2.3'], () => git('config', 'gpg.format', 'x509'), 'ssh or openpgp'],
  ])('refuses %s', (_, args, prepare, message) => {
    prepare()
    const { stdout, stderr, status } = release(...args, '--dry-run')
    expect(stderr).toContain(message)
    expect(stdout).toBe('')
    expect(status).toBe(1)
  })

  it.each([['--untested'], ['--accept', 'everything'], ['--accept']])('refuses the option %s %s', (...option) => {
    const { stdout, stderr, status } = release('1.2.3', ...option)
    expect(stderr).toContain('expected --dry-run, or --accept with audit-unasked')
    expect([stdout, status]).toEqual(['', 64])
  })

  it('skips the checks and the tests if that is accepted, and reports it', () => {
    const { stdout } = release('1.2.3', '--dry-run', '--accept', 'untested')
    expect(stdout).toContain('ACCEPTED: untested')
    expect(steps(stdout).slice(0, 2)).toEqual(['bash scripts/npm-audit.sh --required', 'commit'])
  })

  it('asks the registry in any case, and needs no answer if that is accepted', () => {
    const { stdout } = release('1.2.3', '--dry-run', '--accept', 'audit-unasked')
    expect(steps(stdout)[0]).toBe('bash scripts/npm-audit.sh')
  })

  it('needs no maintainer if that is accepted', () => {
    maintainer = {}
    const { stdout, status } = release('1.2.3', '--dry-run', '--accept', 'placeholder-maintainer')
    expect(stdout).toContain('ACCEPTED: placeholder-maintainer')
    expect(status).toBe(0)
  })

  it.each(['--help', '-h'])('explains itself with %s', (option) => {
    const { stdout, stderr, status } = release(option)
    expect([stderr, status]).toEqual(['', 0])
    const gates = tableAfter('docs/releasing.md', '### Gates').map(([name = '']) => name.replaceAll('`', ''))
    for (const word of ['scripts/release.sh VERSION --dry-run', ...gates]) expect(stdout).toContain(word)
    expect(stdout).not.toContain('set -euo')
  })

  it('knows the gates that its page explains', () => {
    const script = readFileSync('scripts/release.sh', 'utf8')
    const known = [...script.matchAll(/'--accept ([a-z-]+)'/g)].map(([, name]) => `\`${name}\``)
    expect(tableAfter('docs/releasing.md', '### Gates').map(([name]) => name)).toEqual(known)
  })

  it('stops at the gate that could not be asked, and says how to go back', () => {
    standIn('npm', `echo '{ "message": "405 - POST /-/npm/v1/security/advisories/bulk" }'`)
    const { stdout, stderr, status } = release('1.2.3')
    expect(steps(stdout)).toEqual(['bash scripts/npm-audit.sh --required'])
    expect(stderr).toContain('--accept audit-unasked')
    expect(stderr).toContain(`git reset --hard ${git('rev-parse', 'HEAD').trim()}`)
    expect(status).toBe(1)
    expect(git('tag')).toBe('')
  })

  const accepted = ['--accept', 'untested', '--accept', 'audit-unasked']

  it('signs with a key of GnuPG, which verifies the checksums and the tag', () => {
    standIn('npm', ':')
    standIn('node', ':')
    try {
      const gpg = (...args: string[]) => spawnSync('gpg', args, { cwd: folder, encoding: 'utf8', env: isolated(home) })
      chmodSync(home, 0o700)
      gpg('--batch', '--passphrase', '', '--quick-generate-key', 'test <test@example.com>', 'ed25519', 'sign')
      git('config', 'gpg.format', 'openpgp')
      git('config', '--unset', 'user.signingkey')
      expect(release('1.2.3', ...accepted)).toMatchObject({ status: 0 })
      expect(readdirSync(join(folder, 'release/1.2.3'))).toContain('SHA256SUMS.sig')
      const verify = () => gpg('--verify', 'release/1.2.3/SHA256SUMS.sig', 'release/1.2.3/SHA256SUMS').status
      expect(verify()).toBe(0)
      git('verify-tag', 'v1.2.3')
      write('release/1.2.3/SHA256SUMS', 'other\n')
      expect(verify()).toBe(1)
    } finally {
      spawnSync('gpgconf', ['--kill', 'all'], { env: isolated(home) })
    }
  })

  it('makes a tag without signature, and checksums alone, if that is accepted', () => {
    standIn('npm', ':')
    standIn('node', ':')
    git('config', '--unset', 'user.signingkey')
    expect(release('1.2.3', ...accepted, '--accept', 'unsigned')).toMatchObject({ status: 0 })
    expect(readdirSync(join(folder, 'release/1.2.3')).sort()).toEqual([
      'SHA256SUMS',
      'curfew-1.2.3.tar.gz',
      'curfew-chart-1.2.3.tgz',
      'curfew_1.2.3-1_all.deb',
    ])
    expect(git('cat-file', '-t', 'v1.2.3').trim()).toBe('tag')
    expect(git('cat-file', 'tag', 'v1.2.3')).not.toContain('SIGNATURE')
  })

  it('makes no tag after a step that failed', () => {
    standIn('npm', 'case "$*" in *build*) exit 1 ;; esac')
    standIn('node', ':')
    const { stderr, status } = release('1.2.3', ...accepted)
    expect(stderr).toContain(`git reset --hard ${git('rev-parse', 'HEAD^').trim()}`)
    expect(status).toBe(1)
    expect(git('tag')).toBe('')
  })
})
