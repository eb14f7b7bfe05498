import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { buildSync } from 'esbuild'

/** The messages to and from a process that keeps an audit trail. */
export type Order =
  | { readonly do: 'open'; readonly file: string; readonly rotateAtBytes?: number }
  | { readonly do: 'write'; readonly ids: readonly string[] }
  | { readonly do: 'write-on'; readonly prefix: string }
  | { readonly do: 'close' }
export type Answer = { readonly done: string } | { readonly failed: string; readonly message: string }

/** All processes share one bundle, so that they start quickly. */
const build = () => {
  const folder = mkdtempSync(join(tmpdir(), 'curfew-keeper-'))
  const file = join(folder, 'keeper.mjs')
  buildSync({
    entryPoints: [fileURLToPath(new URL('keeper.ts', import.meta.url))],
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node20',
    outfile: file,
    logLevel: 'warning',
  })
  process.once('exit', () => rmSync(folder, { recursive: true, force: true }))
  return file
}
let bundle: string | undefined

/** A child process that keeps an audit trail. */
export class Keeper {
  readonly child: ChildProcess
  readonly exited: Promise<unknown>
  /** All answers in the order of their arrival. */
  readonly answers: Answer[] = []

  /** A shell runs `setUp` in the process, and then replaces itself with Node. */
  constructor(setUp = ':') {
    bundle ??= build()
    this.child = spawn('sh', ['-c', `${setUp}; exec "$0" "$1"`, process.execPath, bundle], {
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    })
    this.child.on('message', (answer) => this.answers.push(answer as Answer))
    this.exited = once(this.child, 'close')
  }

  send(order: Order): void {
    this.child.send(order)
  }

  /** Resolves with the next answer that arrives after this call. */
  async answer(): Promise<Answer> {
    const [answer] = (await Promise.race([once(this.child, 'message'), this.exited.then(gone)])) as [Answer]
    return answer
  }

  ask(order: Order): Promise<Answer> {
    const answer = this.answer()
    this.send(order)
    return answer
  }

  async kill(): Promise<void> {
    this.child.kill('SIGKILL')
    await this.exited
  }

  async [Symbol.asyncDispose]() {
    if (this.child.exitCode === null && this.child.signalCode === null) this.child.kill('SIGKILL')
    await this.exited
  }
}

const gone = () => {
  throw new Error('the process ended without an answer')
}
