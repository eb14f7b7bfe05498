import { type ChildProcessWithoutNullStreams, execFile, spawn } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'

const script = (name: string) => fileURLToPath(new URL(`../../scripts/image/${name}`, import.meta.url))

interface Ran {
  readonly code: number
  readonly stdout: string
  readonly stderr: string
}

const execute = (file: string, args: readonly string[]): Promise<Ran> =>
  new Promise((resolve) => {
    // podman is in Go, and needs less of the CPU if it collects its garbage less often.
    const env = { ...process.env, GOGC: '400' }
    const child = execFile(file, args, { maxBuffer: 2 ** 26, env }, (_error, stdout, stderr) =>
      resolve({ code: child.exitCode ?? -1, stdout: stdout.trim(), stderr: stderr.trim() }),
    )
  })

const succeed = async (file: string, args: readonly string[]): Promise<string> => {
  const { code, stdout, stderr } = await execute(file, args)
  if (code !== 0) throw new Error(`${file} ${args.join(' ')}: exit code ${code}\n${stderr}`)
  return stdout
}

/** Runs podman and waits for its end. */
export const podman = (...args: readonly string[]): Promise<Ran> => execute(script('podman.sh'), args)

/** Returns what podman prints. Throws if podman fails. */
export const podmanSays = (...args: readonly string[]): Promise<string> => succeed(script('podman.sh'), args)

/** Makes the stand-ins of the Dockerfile's bases; returns their names with digests. */
export const standIns = async (): Promise<{ readonly builder: string; readonly base: string }> => {
  const [builder = '', base = ''] = (await succeed(script('bases.sh'), [])).split('\n')
  return { builder, base }
}

/** Builds the image as CI does. */
export const build = (name: string, context: string, ...options: readonly string[]): Promise<Ran> =>
  execute(script('build.sh'), [name, context, ...options])

/** A container in the foreground, with its output so far. */
export class Container {
  readonly name = `curfew-test-${randomUUID()}`
  readonly #child: ChildProcessWithoutNullStreams
  stdout = ''
  stderr = ''
  readonly exited: Promise<number | null>

  /** Everything that follows `podman run`: options, image and command. */
  constructor(args: readonly string[]) {
    // The tests run the HEALTHCHECK, because there is no systemd for it. podman's tmpfs would hide writes to the root.
    const fixed = ['run', '--rm', '--name', this.name, '--pull=never', '--no-healthcheck', '--read-only-tmpfs=false']
    this.#child = spawn(script('podman.sh'), [...fixed, ...args])
    this.#child.stdout.setEncoding('utf8').on('data', (text: string) => (this.stdout += text))
    this.#child.stderr.setEncoding('utf8').on('data', (text: string) => (this.stderr += text))
    this.exited = once(this.#child, 'close').then(([code]) => code as number | null)
  }

  log(): ReadonlyArray<Record<string, unknown>> {
    return this.stdout
      .split('\n')
      .filter((line) => line.startsWith('{') && line.endsWith('}'))
      .map((line) => JSON.parse(line) as Record<string, unknown>)
  }

  /** Resolves with the first line of the log for the event. Throws if the container ends before. */
  untilLogged(event: string): Promise<Record<string, unknown>> {
    return this.until((log) => log.find((line) => line.event === event))
  }

  /** Resolves with the first result of `find`, which is asked after each output. Throws if the container ends before. */
  async until<Found>(find: (log: ReadonlyArray<Record<string, unknown>>) => Found | undefined): Promise<Found> {
    let ended = false
    void this.exited.then(() => (ended = true))
    for (;;) {
      const found = find(this.log())
      if (found !== undefined) return found
      if (ended) throw new Error(`the container ended before that:\n${this.stdout}\n${this.stderr}`)
      await Promise.race([once(this.#child.stdout, 'data'), this.exited])
    }
  }

  exec(...command: readonly string[]): Promise<Ran> {
    return podman('exec', this.name, ...command)
  }

  /** The process id of the container's first process on this machine. */
  processId(): Promise<string> {
    return podmanSays('inspect', '--format', '{{.State.Pid}}', this.name)
  }

  async [Symbol.asyncDispose]() {
    await podman('rm', '--force', '--time', '0', '--ignore', this.name)
    await this.exited
  }
}

/** Runs a container to its end. */
export const runToEnd = async (args: readonly string[]) => {
  await using container = new Container(args)
  const code = await container.exited
  return { code, stdout: container.stdout, stderr: container.stderr, log: container.log() }
}
