import { spawnSync } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'

const SCRIPT = '(() => { console.log("runs", process.argv.slice(2).join(" ")) })'

/** Keeps compiled code beside the script, once the script has run: an expression of the code. */
const keep = (folder: string, code: string) => {
  const text = `const { fileOf, keep, load, run } = require('./load.cjs')
    const script = load(fileOf('run')); run(fileOf('run'), script); keep(fileOf('run'), ${code})`
  const { status, stderr } = spawnSync(process.execPath, ['--eval', text], { cwd: folder })
  if (status !== 0) throw new Error(String(stderr))
}

/** Starts the image's program with a command line that only says that it runs. */
const start = (
  env: Readonly<Record<string, string>>,
  prepare: (folder: string) => void = () => {},
  command = 'run',
) => {
  const folder = mkdtempSync(join(tmpdir(), 'curfew-start-'))
  try {
    mkdirSync(join(folder, 'cli'))
    for (const file of ['load.cjs', 'start.cjs']) cpSync(join('scripts/image', file), join(folder, file))
    writeFileSync(join(folder, 'cli/curfew.js'), SCRIPT)
    writeFileSync(join(folder, 'cli/validate.js'), SCRIPT.replace('runs', 'checks'))
    prepare(folder)
    const { status, stdout, stderr } = spawnSync(process.execPath, [join(folder, 'start.cjs'), command], {
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

  it('runs validate from the script that has nothing else', () => {
    expect(start({}, undefined, 'validate')).toEqual({ status: 0, stdout: 'checks validate\n', stderr: '' })
  })

  it('runs the command line although V8 refuses the compiled code', () => {
    const refused = start({}, (folder) => keep(folder, "Buffer.from('of another V8')"))
    expect(refused).toEqual({ status: 0, stdout: 'runs run\n', stderr: '' })
  })

  it('runs a script that was edited after it was compiled', () => {
    const edited = start({}, (folder) => {
      keep(folder, 'script.createCachedData()')
      writeFileSync(join(folder, 'cli/curfew.js'), SCRIPT.replace('runs', 'goes'))
    })
    expect(edited).toEqual({ status: 0, stdout: 'goes run\n', stderr: '' })
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
