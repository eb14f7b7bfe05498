import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'

const script = readFileSync('scripts/install-test-servers.sh', 'utf8')

/** The rows of the script's table: package, command, name on other systems. */
const rows = [...script.matchAll(/^([\w-]+) +(\/usr\/(?:s?bin|lib)\/\S+) +(\S.*)$/gm)].map(([, ...row]) => row)
const packages = [...new Set(rows.map(([name = '']) => name))]

/** The script does not find apt-get, because PATH is empty. */
const runWithoutApt = (text: string) =>
  spawnSync('/bin/bash', ['--norc', '-c', text], { encoding: 'utf8', env: { PATH: '' } })

const withCommandsAt = (place: (command: string) => string) =>
  rows.reduce((text, [, command = '']) => text.replace(` ${command} `, ` ${place(command)} `), script)

describe('the programs that the integration tests need', () => {
  it('are listed once each if they are missing and there is no apt-get', () => {
    const { status, stderr } = runWithoutApt(withCommandsAt((command) => `/nowhere${command}`))
    const listed = [...stderr.matchAll(/^ {2}\/nowhere(\S+) \((.+)\)$/gm)].map(([, ...row]) => row)
    expect(listed.length).toBeGreaterThan(5)
    expect(listed).toEqual(rows.map(([, command, elsewhere]) => [command, elsewhere]))
    expect(status).toBe(1)
  })

  it('are not mentioned if all of them are installed', () => {
    const { status, stdout, stderr } = runWithoutApt(withCommandsAt(() => '/bin/bash'))
    expect(stdout + stderr).toBe('')
    expect(status).toBe(0)
  })

  it('may be of any version where each has a folder of its own', () => {
    const versions = mkdtempSync(join(tmpdir(), 'curfew-versions-'))
    for (const version of ['14', '17']) {
      mkdirSync(join(versions, version, 'bin'), { recursive: true })
      writeFileSync(join(versions, version, 'bin/initdb'), '', { mode: 0o755 })
    }
    const isOfVersion = (command: string) => command.includes('*')
    expect(rows.filter(([, command = '']) => isOfVersion(command))).toHaveLength(1)
    const text = withCommandsAt((command) => (isOfVersion(command) ? `${versions}/*/bin/initdb` : '/bin/bash'))
    expect(runWithoutApt(text)).toMatchObject({ status: 0, stderr: '' })
    rmSync(versions, { recursive: true })
    expect(runWithoutApt(text).stderr).toContain('/*/bin/initdb (PostgreSQL 14)')
  })

  it('are explained on the page about dependencies', () => {
    const [, explained = ''] = /^(From Debian[\s\S]*?)\n\n/m.exec(readFileSync('docs/dependencies.md', 'utf8')) ?? []
    expect(packages.filter((name) => !explained.includes(`\`${name}\``))).toEqual([])
  })
})

/**
 * A stand-in for apt-get. Each file in `installed` is a package with its version in it, and the archive has version 2 of
 * everything. Each package depends on `library`; without a version of it in the command line, the newest one is
 * installed. If a file `strict` exists, only version 2 of the library will do. `-s` prints what would be done.
 */
const APT_GET = `#!/bin/bash
echo "apt-get is at work"
echo "apt-get warns" >&2
cd "$(dirname "$0")/.."
simulate= upgrade=yes names=() command=
while [ $# -gt 0 ]; do
  case $1 in
    -s) simulate=yes ;;
    --no-upgrade) upgrade= ;;
    -o) shift ;;
    -*) ;;
    *) if [ -z "$command" ]; then command=$1; else names+=("$1"); fi ;;
  esac
  shift
done
[ -n "$simulate" ] || cat stderr >"stderr-at-$command"
[ "$command" = install ] || exit 0
put() {
  if [ -z "$simulate" ]; then echo "$2" >"installed/$1"
  elif [ -e "installed/$1" ]; then echo "Inst $1 [$(cat "installed/$1")] ($2 Debian:12 [amd64])"
  else echo "Inst $1 ($2 Debian:12 [amd64])"
  fi
}
library=2
for name in "\${names[@]}"; do [[ $name == library=* ]] && library=\${name#*=}; done
if [ "$library" != 2 ] && [ -e strict ]; then echo 'E: Unable to correct problems' >&2; exit 100; fi
[ "$(cat installed/library)" = "$library" ] || put library "$library"
for name in "\${names[@]}"; do
  [[ $name == *=* ]] && continue
  if [ ! -e "installed/$name" ] || [ -n "$upgrade" ]; then put "$name" 2; fi
done
`

describe('the installation of missing programs', () => {
  let folder: string

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'curfew-apt-'))
    for (const name of ['bin', 'installed']) mkdirSync(join(folder, name))
    writeFileSync(join(folder, 'bin/apt-get'), APT_GET, { mode: 0o755 })
    writeFileSync(join(folder, 'bin/id'), '#!/bin/sh\necho 0\n', { mode: 0o755 })
  })
  afterEach(() => rmSync(folder, { recursive: true, force: true }))

  const write = (versions: Readonly<Record<string, string>>) => {
    for (const [name, version] of Object.entries(versions)) {
      writeFileSync(join(folder, 'installed', name), `${version}\n`)
    }
  }

  const versions = () =>
    Object.fromEntries(
      readdirSync(join(folder, 'installed')).map((name) => [
        name,
        readFileSync(join(folder, 'installed', name), 'utf8').trim(),
      ]),
    )

  /** Runs the script as root on a machine that has none of the commands; returns its standard error. */
  const install = () => {
    const text = withCommandsAt((command) => `/nowhere${command}`).replace('/usr/sbin/policy-rc.d', `${folder}/policy`)
    const child = spawnSync('/bin/bash', ['--norc', '-c', `exec 2>${folder}/stderr; ${text}`], {
      encoding: 'utf8',
      env: { PATH: `${folder}/bin:/usr/bin:/bin` },
    })
    expect(child.status).toBe(0)
    return readFileSync(join(folder, 'stderr'), 'utf8')
  }

  const fresh = Object.fromEntries(packages.map((name) => [name, '2']))
  const announcement = `Installing for the integration tests: ${packages.join(' ')}`

  it('upgrades neither a package of the table nor a dependency', () => {
    write({ library: '1', podman: '1', bystander: '1' })
    install()
    expect(versions()).toEqual({ ...fresh, library: '1', podman: '1', bystander: '1' })
  })

  it('writes one line to standard error, before it installs', () => {
    write({ library: '1' })
    expect(install()).toBe(`${announcement}\n`)
    expect(readFileSync(join(folder, 'stderr-at-update'), 'utf8')).toBe('')
    expect(readFileSync(join(folder, 'stderr-at-install'), 'utf8')).toBe(`${announcement}\n`)
  })

  it('names in that line a dependency that must be upgraded, and upgrades nothing else', () => {
    writeFileSync(join(folder, 'strict'), '')
    write({ library: '1', podman: '1' })
    expect(install()).toBe(`${announcement}; they require upgrades of: library=1\n`)
    expect(versions()).toEqual({ ...fresh, library: '2', podman: '1' })
  })
})
