import { spawnSync } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'

/** Starts the image's program with a command line that only says that it runs. */
const start = (env: Readonly<Record<string, string>>) => {
  const folder = mkdtempSync(join(tmpdir(), 'curfew-start-'))
  try {
    mkdirSync(join(folder, 'cli'))
    cpSync('scripts/image/start.js', join(folder, 'start.js'))
    writeFileSync(join(folder, 'package.json'), '{ "type": "module" }')
    writeFileSync(join(folder, 'cli/main.js'), 'console.log("runs", process.argv.slice(2).join(" "))')
    const { status, stdout, stderr } = spawnSync(process.execPath, [join(folder, 'start.js'), 'run'], {
      encoding: 'utf8',
      env,
    })
    return { status, stdout, stderr }
  } finally {
    rmSync(folder, { recursive: true })
  }
}

describe('the start of the image', () => {
  it('runs the command line', () => {
    expect(start({})).toEqual({ status: 0, stdout: 'runs run\n', stderr: '' })
    expect(start({ NODE_OPTIONS: '' })).toMatchObject({ status: 0 })
  })

  it.each([
    ['NODE_OPTIONS', '--max-old-space-size=100'],
    ['NODE_TLS_REJECT_UNAUTHORIZED', '0'],
  ])('is refused while %s is set', (name, value) => {
    const { status, stdout, stderr } = start({ [name]: value })
    expect({ status, stdout }).toEqual({ status: 1, stdout: '' })
    expect(stderr).toContain(`curfew: ${name} is set`)
  })
})
