import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process'
import { once } from 'node:events'

/** A shell into which a test pastes commands, as a person does: it reads one line after the other. */
export class PastedShell {
  readonly #child: ChildProcessWithoutNullStreams
  #output = ''
  #blocks = 0

  constructor(shell: string, options: { readonly cwd: string; readonly env: Readonly<Record<string, string>> }) {
    // A process group of its own: an interrupt reaches the shell and its command, as Ctrl-C does.
    this.#child = spawn(shell, [], { ...options, detached: true })
    this.#child.on('close', () => this.#child.emit('output'))
    for (const stream of [this.#child.stdout, this.#child.stderr]) {
      stream.setEncoding('utf8').on('data', (text: string) => {
        this.#output += text
        this.#child.emit('output')
      })
    }
  }

  /** Pastes commands that do not end by themselves. */
  start(commands: string): void {
    this.#output = ''
    this.#child.stdin.write(`${commands}\n`)
  }

  /** Pastes commands. Resolves with their output and the exit code of the last one. */
  async paste(commands: string): Promise<{ readonly output: string; readonly code: number }> {
    const end = `end of block ${++this.#blocks}`
    this.start(`${commands}\necho "${end}: $?"`)
    const [output, code] = await this.until((text) => {
      const at = text.search(new RegExp(`${end}: \\d+\n`))
      return at < 0 ? undefined : ([text.slice(0, at), /: (\d+)\n/.exec(text.slice(at))?.[1]] as const)
    })
    return { output, code: Number(code) }
  }

  /** Resolves with the first result of `find` on the output since the last paste; rejects if the shell ends before. */
  async until<Found>(find: (output: string) => Found | undefined): Promise<Found> {
    for (;;) {
      const found = find(this.#output)
      if (found !== undefined) return found
      if (this.#child.exitCode !== null || this.#child.signalCode !== null)
        throw new Error(`the shell ended before the expected output:\n${this.#output}`)
      await once(this.#child, 'output')
    }
  }

  /** Interrupts what runs, as Ctrl-C does, and resolves once nothing is left of the shell. */
  async interrupt(): Promise<void> {
    await this.#end('SIGINT')
  }

  async [Symbol.asyncDispose]() {
    await this.#end('SIGKILL')
  }

  async #end(signal: NodeJS.Signals) {
    const { pid, exitCode, signalCode } = this.#child
    if (pid === undefined || exitCode !== null || signalCode !== null) return
    const closed = once(this.#child, 'close')
    // A shell whose command ended well after an interrupt waits for the next line.
    this.#child.stdin.end()
    process.kill(-pid, signal)
    await closed
  }
}
