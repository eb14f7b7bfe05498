import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { runWarm } from './warm-command.ts'

/** The bundle that ships, made before these tests run. */
export const MAIN = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url))

/** Keeps the AWS settings of the machine out of the tests. */
export const CLEAN_ENV = {
  PATH: process.env.PATH,
  AWS_CONFIG_FILE: '/dev/null',
  AWS_SHARED_CREDENTIALS_FILE: '/dev/null',
  AWS_EC2_METADATA_DISABLED: 'true',
  // Nothing listens on this port. A test without a simulator must not reach the real AWS.
  AWS_ENDPOINT_URL_EC2: 'http://127.0.0.1:9',
  AWS_ENDPOINT_URL_STS: 'http://127.0.0.1:9',
  NO_COLOR: '1',
}

export const CREDENTIALS = { AWS_ACCESS_KEY_ID: 'test', AWS_SECRET_ACCESS_KEY: 'secret-of-the-test' }

/** The environment of a command that starts at an instant. After that time `stands` still, or `runs`. */
export const clockAt = (startsAt: number, then: 'stands' | 'runs' = 'stands') => {
  const code =
    then === 'stands'
      ? `Date.now = () => ${startsAt}; performance.now = () => 0`
      : `const now = Date.now; const ahead = ${startsAt} - now(); Date.now = () => now() + ahead`
  return { NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(code)}` }
}

const recordsOf = (stdout: string): ReadonlyArray<Record<string, unknown>> =>
  stdout
    .split('\n')
    .filter((line) => line.startsWith('{') && line.endsWith('}'))
    .map((line) => JSON.parse(line) as Record<string, unknown>)

/** A running command, with its output so far. */
export class Running {
  readonly child: ChildProcessWithoutNullStreams
  stdout = ''
  stderr = ''
  readonly exited: Promise<number | null>

  constructor(
    args: readonly string[],
    env: Readonly<Record<string, string | undefined>>,
    cwd: string,
    node = process.execPath,
    main = MAIN,
  ) {
    this.child = spawn(node, [main, ...args], { cwd, env: { ...CLEAN_ENV, ...env } })
    this.child.stdout.setEncoding('utf8').on('data', (text: string) => (this.stdout += text))
    this.child.stderr.setEncoding('utf8').on('data', (text: string) => (this.stderr += text))
    this.exited = once(this.child, 'close').then(([code]) => code as number | null)
  }

  /** Resolves with the first result of `find` on the standard output; rejects if the command ends before. */
  async until<Found>(find: (stdout: string) => Found | undefined): Promise<Found> {
    let ended = false
    void this.exited.then(() => (ended = true))
    for (;;) {
      const found = find(this.stdout)
      if (found !== undefined) return found
      if (ended) throw new Error(`the command ended before the expected output:\n${this.stdout}\n${this.stderr}`)
      await Promise.race([once(this.child.stdout, 'data'), this.exited])
    }
  }

  /** The log records written so far. */
  log(): ReadonlyArray<Record<string, unknown>> {
    return recordsOf(this.stdout)
  }

  untilLogged(event: string, more: (line: Record<string, unknown>) => boolean = () => true) {
    return this.until(() => this.log().find((line) => line.event === event && more(line)))
  }

  async [Symbol.asyncDispose]() {
    if (this.child.exitCode === null && this.child.signalCode === null) this.child.kill('SIGKILL')
    await this.exited
  }
}

/** A temporary folder with the given files, in which commands run. It is removed at the end. */
export const workspace = async (files: Readonly<Record<string, string>>, node = process.execPath) => {
  const folder = await mkdtemp(join(tmpdir(), 'curfew-'))
  const write = async (name: string, text: string) => {
    await mkdir(dirname(join(folder, name)), { recursive: true })
    await writeFile(join(folder, name), text)
  }
  for (const [name, text] of Object.entries(files)) await write(name, text)
  const start = (args: readonly string[], env: Readonly<Record<string, string | undefined>> = CREDENTIALS) =>
    new Running(args, env, folder, node)
  return {
    folder,
    write,
    start,
    /** Runs a command until it exits: where that is the same, in a process that has run others. */
    async run(args: readonly string[], env: Readonly<Record<string, string | undefined>> = CREDENTIALS) {
      const warm = node === process.execPath ? runWarm(MAIN, args, { ...CLEAN_ENV, ...env }, folder) : undefined
      if (warm !== undefined) {
        const ended = await warm
        return { ...ended, log: recordsOf(ended.stdout) }
      }
      const running = start(args, env)
      const code = await running.exited
      return { code, stdout: running.stdout, stderr: running.stderr, log: running.log() }
    },
    [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true }),
  }
}
