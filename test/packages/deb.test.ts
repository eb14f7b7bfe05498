import { execFileSync, spawnSync } from 'node:child_process'
import { chmodSync, copyFileSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { symlink } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { HOUR } from '../../src/domain/time/instant.ts'
import { VERSION } from '../../src/version.ts'
import { workspace } from '../cli/curfew.ts'
import { AGE_POLICY, OFFICE, startOffice, terminatedIds } from '../cli/office.ts'
import { IS_NIGHTLY } from '../nightly.ts'
import { deadLinks } from './dead-links.ts'
import { Debian } from './debian.ts'

const scratch = mkdtempSync(join(tmpdir(), 'curfew-deb-'))

/** A name with characters that mean something to sed. */
const MAINTAINER = { DEBFULLNAME: 'Tests & Trials / Packages', DEBEMAIL: 'packages@not-yet-set.invalid' }

const build = (folder: string) =>
  execFileSync('bash', ['scripts/deb/build.sh', join(scratch, folder)], {
    encoding: 'utf8',
    env: { ...process.env, ...MAINTAINER, SOURCE_DATE_EPOCH: '1795000000' },
  }).trim()

const tree = join(scratch, 'tree')

/** The files of the package, and in DEBIAN those about it. */
const filesOf = () =>
  readdirSync(tree, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(tree.length + 1))
    .sort()

const read = (name: string) => readFileSync(join(tree, name), 'utf8')

/** The same package as another version, with another first configuration. */
const nextVersion = (): string => {
  const [control, config] = ['DEBIAN/control', 'etc/curfew/curfew.yaml']
  writeFileSync(join(tree, control), read(control).replace(/^Version: .*$/m, `Version: ${VERSION}-2`))
  writeFileSync(join(tree, config), `${read(config)}# a line of the next version\n`)
  const next = join(scratch, 'next.deb')
  execFileSync('/usr/bin/dpkg-deb', ['-Znone', '--build', tree, next], { stdio: 'ignore' })
  return next
}

const PAGE = readFileSync('docs/installing.md', 'utf8')

/** What the page shows in place of what the Debian of the test has: neither sudo, nor apt with its archive. */
const REPLACED = [
  [/^sudo -u (\w+) /, 'setpriv --reuid=$1 --regid=$1 --clear-groups '],
  [/^sudo /, ''],
  [/^apt install \.\/release\/\S+\.deb$/, 'dpkg --install /run/shared/curfew.deb'],
  [/^apt (remove|purge) /, 'dpkg --$1 '],
] as const

/** Runs a line of the page. */
const runShown = (line: string) => {
  if (!PAGE.includes(`\n$ ${line}\n`)) throw new Error(`docs/installing.md does not show "${line}"`)
  return debian.run(...REPLACED.reduce((text, [shown, run]) => text.replace(shown, run), line).split(' '))
}

let deb = ''
let debian: Debian
let office: Awaited<ReturnType<typeof startOffice>>

const write = async (path: string, text: string) => {
  writeFileSync(join(debian.shared, 'file'), text)
  await debian.says('cp', '--no-preserve=all', '/run/shared/file', path)
}

const property = async (name: string) =>
  (await debian.says('systemctl', 'show', `--property=${name}`, '--value', 'curfew')).trim()

const isEvent = (event: string) => (line: string) => line.includes(`"event":"${event}"`)

beforeAll(async () => {
  chmodSync(scratch, 0o755)
  deb = build('once')
  execFileSync('/usr/bin/dpkg-deb', ['--raw-extract', deb, tree])
  office = await startOffice()
  debian = await Debian.boot()
  copyFileSync(deb, join(debian.shared, 'curfew.deb'))
}, 1_800_000)

afterAll(async () => {
  await debian?.[Symbol.asyncDispose]()
  await office?.[Symbol.asyncDispose]()
  rmSync(scratch, { recursive: true, force: true })
})

/** The programs that judge a package take too long for each push. */
const NIGHTLY = IS_NIGHTLY ? [''] : []

describe('the file of the Debian package', () => {
  it('has the bundle and what Debian expects beside it, and configuration that dpkg keeps', () => {
    const files = filesOf().filter((name) => !/^DEBIAN|\/(?:chunks|docs)\//.test(name))
    expect(files).toEqual([
      'etc/curfew/curfew.yaml',
      'etc/curfew/policies/daily-reauthentication.test.yaml',
      'etc/curfew/policies/daily-reauthentication.yaml',
      'etc/default/curfew',
      'usr/bin/curfew',
      'usr/lib/curfew/cli/main.js',
      'usr/lib/curfew/connect-handler.js',
      'usr/lib/curfew/package.json',
      'usr/lib/systemd/system/curfew.service',
      'usr/lib/sysusers.d/curfew.conf',
      'usr/share/bash-completion/completions/curfew',
      'usr/share/curfew/schema/curfew.schema.json',
      'usr/share/curfew/schema/policies.schema.json',
      'usr/share/curfew/schema/test.schema.json',
      'usr/share/doc/curfew/README.Debian',
      'usr/share/doc/curfew/README.md',
      'usr/share/doc/curfew/THIRD-PARTY-LICENSES.txt.gz',
      'usr/share/doc/curfew/changelog.Debian.gz',
      'usr/share/doc/curfew/changelog.gz',
      'usr/share/doc/curfew/copyright',
      'usr/share/fish/vendor_completions.d/curfew.fish',
      'usr/share/lintian/overrides/curfew',
      'usr/share/man/man1/curfew.1.gz',
      'usr/share/zsh/vendor-completions/_curfew',
    ])
    const kept = files.filter((name) => name.startsWith('etc/'))
    expect(read('DEBIAN/conffiles').split('\n').filter(Boolean).toSorted()).toEqual(kept.map((name) => `/${name}`))
    expect(read('DEBIAN/control')).toMatch(/^Depends: .*\bnodejs \(>= 20\.19\)/m)
    const maintainer = `${MAINTAINER.DEBFULLNAME} <${MAINTAINER.DEBEMAIL}>`
    expect(read('DEBIAN/control')).toContain(`\nMaintainer: ${maintainer}\n`)
    const changelog = gunzipSync(readFileSync(join(tree, 'usr/share/doc/curfew/changelog.Debian.gz'))).toString()
    expect(changelog).toContain(`\n -- ${maintainer}  `)
  })

  it('has pages without dead links, and without what only a clone can do', () => {
    const pages = join(tree, 'usr/share/doc/curfew')
    expect(deadLinks(pages)).toEqual([])
    const readme = readFileSync(join(pages, 'README.md'), 'utf8')
    expect(readme).not.toMatch(/npm ci|npm run|docker compose|<!--|curfew init config/)
    expect(readme).toContain('](docs/installing.md)')
    expect(readme).toMatch(
      /\]\(https:\/\/repository-not-yet-set\.invalid\/curfew\/blob\/v\d+\.\d+\.\d+\/deploy\/grafana\/README\.md\)/,
    )
    const commands = readFileSync(join(pages, 'README.Debian'), 'utf8').match(/^ {4}\S.*$/gm) ?? []
    expect(commands).toHaveLength(3)
    for (const command of commands) expect(PAGE).toContain(`\n$ ${command.trim()}\n`)
  })

  it('is refused without debhelper, in words', async () => {
    await using here = await workspace({})
    const tools = ['bash', 'dirname', 'realpath']
    for (const name of tools)
      await symlink(execFileSync('which', [name], { encoding: 'utf8' }).trim(), join(here.folder, name))
    const env = { PATH: here.folder }
    const { status, stderr } = spawnSync('bash', ['scripts/deb/build.sh', here.folder], { encoding: 'utf8', env })
    expect(stderr).toBe(
      'dh is missing, which makes the package. On Debian and Ubuntu: sudo apt-get install debhelper\n',
    )
    expect(status).toBe(1)
  })

  it('has a manual page without flaws, with every command', () => {
    const page = join(scratch, 'curfew.1')
    writeFileSync(page, gunzipSync(readFileSync(join(tree, 'usr/share/man/man1/curfew.1.gz'))))
    expect(spawnSync('/usr/bin/mandoc', ['-Tlint', page], { encoding: 'utf8' })).toMatchObject({
      stdout: '',
      status: 0,
    })
    const shown = execFileSync('/usr/bin/mandoc', ['-Tutf8', '-Owidth=100', page], { encoding: 'utf8' }).replaceAll(
      /.\x08/g,
      '',
    )
    const completion = read('usr/share/bash-completion/completions/curfew')
    const commands = [...completion.matchAll(/^ {4}'([^']+)'\)\n {6}actions=''\n {6}options='([^']+)'$/gm)]
    expect(commands.length).toBeGreaterThan(20)
    for (const [, path = '', options = ''] of commands) {
      expect(shown).toContain(`\n   ${path}\n`)
      for (const option of options.split(' ')) expect(shown).toContain(option)
    }
    expect(shown).toContain('/etc/curfew/curfew.yaml')
  })

  it.each(NIGHTLY)('passes lintian%s', () => {
    const { status, stdout } = spawnSync('/usr/bin/lintian', ['--fail-on', 'error,warning,info', deb], {
      encoding: 'utf8',
    })
    expect({ status, stdout }).toEqual({ status: 0, stdout: '' })
  })

  it.each(NIGHTLY)('has the same bytes when it is built again%s', () => {
    expect(readFileSync(build('again')).equals(readFileSync(deb))).toBe(true)
  })
})

// One life of a package: each test continues where the one before ended.
describe('the Debian package', () => {
  it('is installed, and waits for the operator', async () => {
    expect(await runShown(`sudo apt install ./release/curfew_${VERSION}-1_all.deb`)).toMatchObject({ code: 0 })
    expect(await debian.run('systemctl', 'is-enabled', 'curfew')).toMatchObject({ output: 'disabled\n' })
    expect(await debian.run('systemctl', 'is-active', 'curfew')).toMatchObject({ output: 'inactive\n' })
    expect(await debian.says('stat', '--format=%A %U:%G', '/etc/curfew')).toBe('drwxr-x--- root:curfew\n')
    expect(await debian.says('systemd-analyze', 'verify', '--man=no', 'curfew.service')).toBe('')
  })

  it('has a command that finds its configuration from any folder, in mode audit', async () => {
    expect(await debian.says('curfew', '--version')).toBe(`${VERSION}\n`)
    const { code, output } = await runShown('sudo -u curfew curfew validate')
    expect(output).toMatch(/^no errors, 1 warning\n.* is the placeholder/)
    expect(code).toBe(0)
    expect(await runShown('sudo -u curfew curfew test')).toEqual({ code: 0, output: '2 passed, 0 failed\n' })
    expect(await debian.says('cat', '/etc/curfew/curfew.yaml')).toMatch(/^mode: audit /m)
  })

  it('ends its first session, in the sandbox of its unit and with a secret that only root can read', async () => {
    const connectionId = office.world.connect({ endpointId: OFFICE, username: 'bob', ageMs: 9 * HOUR })
    office.world.connect({ endpointId: OFFICE, username: 'carol' })
    const config = await debian.says('cat', '/etc/curfew/curfew.yaml')
    const secret = /file: (\/run\/credentials\/\S+)/.exec(PAGE)?.[1] ?? ''
    const edited = config
      .replace('mode: audit', 'mode: enforce')
      .replace(/cvpn-endpoint-\S+/, OFFICE)
      .concat(`server: { port: 0 }\nlog: { pseudonymKey: { file: ${secret} } }\n`)
    await write('/etc/curfew/curfew.yaml', edited)
    await write('/etc/curfew/policies/daily-reauthentication.yaml', AGE_POLICY)
    await write(
      '/etc/default/curfew',
      Object.entries(office.env)
        .map((pair) => pair.join('='))
        .join('\n'),
    )
    const [, dropIn = ''] = /^```ini\n([^]*?)^```$/m.exec(PAGE) ?? []
    await debian.says('mkdir', '/etc/systemd/system/curfew.service.d')
    await write('/etc/systemd/system/curfew.service.d/secrets.conf', dropIn)
    const source = /^LoadCredential=[^:]+:(.*)$/m.exec(dropIn)?.[1] ?? ''
    await write(source, 'k'.repeat(32))
    await debian.says('chmod', '600', source)

    await debian.says('systemctl', 'daemon-reload')
    expect(await runShown('sudo systemctl enable --now curfew')).toMatchObject({ code: 0 })
    const termination = JSON.parse(await debian.untilLogged('curfew', isEvent('termination'))) as object
    expect(termination).toMatchObject({ connectionId, outcome: 'confirmed' })
    expect(termination).not.toMatchObject({ username: 'bob' })
    expect(terminatedIds(office)).toEqual([connectionId])

    const status = await debian.says('cat', `/proc/${await property('MainPID')}/status`)
    expect(status).toMatch(/^Seccomp:\t2$/m)
    expect(status).toMatch(/^NoNewPrivs:\t1$/m)
    expect(status).toMatch(/^CapBnd:\t0+$/m)
    const asCurfew = ['setpriv', '--reuid=curfew', '--regid=curfew', '--clear-groups']
    expect(await debian.says(...asCurfew, 'curfew', 'audit', 'verify')).toContain('the chain is whole')
  })

  it('is reloaded, and says so where the files have mistakes', async () => {
    expect(await runShown('sudo systemctl reload curfew')).toEqual({ code: 0, output: '' })
    const right = await debian.says('cat', '/etc/curfew/curfew.yaml')
    await write('/etc/curfew/curfew.yaml', `${right}oops: 1\n`)
    expect((await runShown('sudo systemctl reload curfew')).code).toBe(1)
    await debian.untilLogged('curfew', (line) => line.includes('unknown key "oops"'))
    expect(await property('ActiveState')).toBe('active')
    await write('/etc/curfew/curfew.yaml', right)
  })

  it('is upgraded: the edited files are kept, and the daemon is started anew', async () => {
    const before = await property('MainPID')
    const config = await debian.says('cat', '/etc/curfew/curfew.yaml')
    copyFileSync(nextVersion(), join(debian.shared, 'curfew.deb'))
    await debian.says('dpkg', '--force-confold', '--install', '/run/shared/curfew.deb')
    expect(await debian.says('cat', '/etc/curfew/curfew.yaml')).toBe(config)
    expect(await debian.says('cat', '/etc/curfew/curfew.yaml.dpkg-dist')).toContain('# a line of the next version')
    await debian.untilLogged('curfew', isEvent('started'))
    expect(await property('MainPID')).not.toBe(before)
    expect(await debian.says('stat', '--format=%A %U:%G', '/etc/curfew')).toBe('drwxr-x--- root:curfew\n')
  })

  it('is removed: the daemon has stopped in order, and its files are there', async () => {
    const run = await property('InvocationID')
    expect(await runShown('sudo apt remove curfew')).toMatchObject({ code: 0 })
    const log = await debian.says('journalctl', '--output=cat', `_SYSTEMD_INVOCATION_ID=${run}`)
    expect(log.trim().split('\n').at(-1)).toContain('"event":"audit-head"')
    expect((await debian.run('test', '-e', '/usr/lib/curfew', '-o', '-e', '/usr/bin/curfew')).code).toBe(1)
    await debian.says('test', '-e', '/etc/curfew/curfew.yaml', '-a', '-e', '/var/lib/curfew/audit.jsonl')
  })

  it('is purged: nothing is left but the audit trail, and what others have written', async () => {
    const { output } = await runShown('sudo apt purge curfew')
    expect(output).toContain('/var/lib/curfew has the audit trail, and is kept')
    const left = await debian.says('find', '/', '-xdev', '-path', '*curfew*')
    expect(left.trim().split('\n').sort()).toEqual([
      '/etc/curfew',
      '/etc/curfew/log-key',
      '/etc/systemd/system/curfew.service.d',
      '/etc/systemd/system/curfew.service.d/secrets.conf',
      '/var/lib/curfew',
      '/var/lib/curfew/audit.jsonl',
      '/var/lib/curfew/state.json',
    ])
    // The files that are kept belong to it.
    expect(await debian.says('getent', 'passwd', 'curfew')).toMatch(/:\/var\/lib\/curfew:\/usr\/sbin\/nologin$/m)
  })
})
