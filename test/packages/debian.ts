import { type ChildProcess, execFile, execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createReadStream, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'

const script = (name: string) => fileURLToPath(new URL(name, import.meta.url))

const NAMESPACES = ['--mount', '--pid', '--uts', '--ipc', '--cgroup', '--root', '--wd']

interface Ran {
  readonly code: number
  /** What it wrote to standard output and standard error. */
  readonly output: string
}

/** A Debian with systemd, in namespaces of this machine. Nothing of it is left at the end. */
export class Debian implements AsyncDisposable {
  readonly #booted: ChildProcess
  readonly #pid: number
  /** A folder that both see. In there it is /run/shared. */
  readonly shared: string

  private constructor(booted: ChildProcess, pid: number, shared: string) {
    this.#booted = booted
    this.#pid = pid
    this.shared = shared
  }

  static async boot(): Promise<Debian> {
    const root = execFileSync(script('debian-root.sh'), { encoding: 'utf8' }).trim()
    const shared = mkdtempSync(join(tmpdir(), 'curfew-debian-'))
    const pipe = join(shared, 'ready')
    execFileSync('/usr/bin/mkfifo', [pipe])
    const booted = spawn(script('boot.sh'), [root, shared], { stdio: ['ignore', 'pipe', 'pipe'] })
    let complaints = ''
    booted.stderr.setEncoding('utf8').on('data', (text: string) => (complaints += text))
    const ended = once(booted, 'exit').then(() => {
      throw new Error(`the Debian of the test ended before it was up:\n${complaints}`)
    })
    // At the end of the test, nobody asks any more whether it was up.
    ended.catch(() => {})
    const up = createReadStream(pipe)
    const [pid] = (await Promise.race([once(createInterface(booted.stdout), 'line'), ended])) as [string]
    await Promise.race([once(up, 'data'), ended])
    return new Debian(booted, Number(pid), shared)
  }

  #arguments(command: readonly string[]) {
    return [
      '--target',
      String(this.#pid),
      ...NAMESPACES,
      'env',
      '-i',
      'PATH=/usr/sbin:/usr/bin',
      'LC_ALL=C.UTF-8',
      ...command,
    ]
  }

  run(...command: readonly string[]): Promise<Ran> {
    return new Promise((resolve) => {
      const child = execFile('/usr/bin/nsenter', this.#arguments(command), (_error, stdout, stderr) =>
        resolve({ code: child.exitCode ?? -1, output: stdout + stderr }),
      )
      child.stdin?.end()
    })
  }

  /** The output of a command that must succeed. */
  async says(...command: readonly string[]): Promise<string> {
    const { code, output } = await this.run(...command)
    if (code !== 0) throw new Error(`${command.join(' ')}: exit code ${code}\n${output}`)
    return output
  }

  /** The first line of the journal that passes, of the latest run of a unit. Throws if that run fails before. */
  async untilLogged(unit: string, passes: (line: string) => boolean): Promise<string> {
    const run = (await this.says('systemctl', 'show', '--property=InvocationID', '--value', unit)).trim()
    const follow = [
      'journalctl',
      '--output=cat',
      '--lines=all',
      '--follow',
      `_SYSTEMD_INVOCATION_ID=${run}`,
      '+',
      `INVOCATION_ID=${run}`,
    ]
    const child = spawn('/usr/bin/nsenter', this.#arguments(follow), { stdio: ['ignore', 'pipe', 'inherit'] })
    try {
      for await (const line of createInterface(child.stdout)) {
        if (passes(line)) return line
        if (line.includes(': Failed with result'))
          throw new Error(`${line}\n${await this.says('journalctl', '--unit', unit)}`)
      }
      throw new Error(`the journal of ${unit} ended`)
    } finally {
      child.kill()
    }
  }

  async [Symbol.asyncDispose]() {
    const gone = once(this.#booted, 'exit')
    process.kill(this.#pid, 'SIGKILL')
    await gone
    rmSync(this.shared, { recursive: true })
  }
}
