import { execFileSync, spawnSync } from 'node:child_process'
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'

describe('scripts/release.sh --dry-run', () => {
  let folder: string

  const git = (...args: string[]) =>
    execFileSync('git', ['-c', 'user.name=test', '-c', 'user.email=test@example.com', ...args], {
      cwd: folder,
      encoding: 'utf8',
    })

  const release = (...args: string[]) =>
    spawnSync('bash', ['scripts/release.sh', ...args, '--dry-run'], { cwd: folder, encoding: 'utf8' })

  const steps = (stdout: string) => [...stdout.matchAll(/^== (.*)$/gm)].map(([, step]) => step)

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'curfew-release-'))
    mkdirSync(join(folder, 'scripts'))
    copyFileSync('scripts/release.sh', join(folder, 'scripts/release.sh'))
    writeFileSync(join(folder, 'CHANGELOG.md'), '# Changelog\n\n## [Unreleased]\n\n- A new kind of policy.\n')
    git('init', '-q', '-b', 'main')
    git('add', '.')
    git('commit', '-q', '-m', 'start')
  })
  afterEach(() => rmSync(folder, { recursive: true, force: true }))

  it('prints every step and changes nothing', () => {
    const { stdout, status } = release('1.2.3')
    expect(steps(stdout)).toEqual([
      'npm ci',
      'npm run check',
      'npm run test:nightly',
      'bash scripts/npm-audit.sh',
      'set_version',
      'npm run build',
      'mkdir -p release',
      'bill_of_materials',
      'archive',
      'tag',
      'now push it: git push origin main v1.2.3',
      'and build the image: bash scripts/image/build.sh curfew:1.2.3 (docs/container.md explains how to pin its bases)',
    ])
    expect(status).toBe(0)
    expect(git('status', '--porcelain') + git('tag')).toBe('')
  })

  it('skips the checks and the tests with --untested, and reports it', () => {
    const { stdout } = release('1.2.3', '--untested')
    expect(stdout).toContain('UNTESTED')
    expect(steps(stdout)[0]).toBe('bash scripts/npm-audit.sh')
  })

  it.each([
    ['a version that is not three numbers', '1.2', () => undefined, 'is not a version'],
    ['another branch than main', '1.2.3', () => git('switch', '-q', '-c', 'other'), 'the branch is not main'],
    [
      'changes that are not committed',
      '1.2.3',
      () => writeFileSync(join(folder, 'new'), ''),
      'some changes are not committed',
    ],
    ['a tag that exists', '1.2.3', () => git('tag', 'v1.2.3'), 'the tag v1.2.3 exists already'],
    [
      'a changelog without an entry',
      '1.2.3',
      () => {
        writeFileSync(join(folder, 'CHANGELOG.md'), '# Changelog\n\n## [Unreleased]\n')
        git('commit', '-q', '-a', '-m', 'empty')
      },
      'no entry under Unreleased',
    ],
  ])('refuses %s', (_, version, prepare, message) => {
    prepare()
    const { stdout, stderr, status } = release(version)
    expect(stderr).toContain(message)
    expect(stdout).toBe('')
    expect(status).toBe(1)
  })
})
