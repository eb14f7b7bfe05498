import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath, pathToFileURL } from 'node:url'

export interface Ended {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

const PROCESS = fileURLToPath(new URL('warm-process.js', import.meta.url))

/** Commands that serve until a signal, and write to the descriptors themselves. */
const SERVING = ['run', 'simulate']

const CLOCK = '--import='

/** Variables that Node reads only when it starts. */
const OF_THE_START = /^(NODE_|TZ$|LANG$|LC_|SSL_|UV_)/

const needsOwnProcess = (args: readonly string[], env: Readonly<Record<string, string | undefined>>): boolean =>
  SERVING.includes(args[0] ?? '') ||
  Object.entries(env).some(
    ([name, value]) =>
      value !== undefined &&
      OF_THE_START.test(name) &&
      !(name === 'NODE_OPTIONS' && value.startsWith(`${CLOCK}data:`) && !value.includes(' ')),
  )

/** Commands that tests run at the same time have a process each. */
const idle: ChildProcess[] = []
let number = 0

const start = (main: string): ChildProcess => {
  const child = fork(PROCESS, [pathToFileURL(main).href], {
    execArgv: [],
    env: { PATH: process.env.PATH },
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  })
  child.setMaxListeners(0)
  // What a command left behind may end its process later.
  child.once('exit', () => {
    if (idle.includes(child)) idle.splice(idle.indexOf(child), 1)
  })
  return child
}

/**
 * Runs a command of the bundle in a process that has run others: to start one costs ten times what most commands do. The
 * process has the folder, the environment and the clock of the command, and closes its sockets at its end. Undefined if the
 * command needs a process of its own.
 */
export const runWarm = (
  main: string,
  args: readonly string[],
  env: Readonly<Record<string, string | undefined>>,
  cwd: string,
): Promise<Ended> | undefined => {
  if (needsOwnProcess(args, env)) return undefined
  const child = idle.pop() ?? start(main)
  const { NODE_OPTIONS, ...others } = env
  const given = Object.fromEntries(Object.entries(others).filter(([, value]) => value !== undefined))
  const clock = NODE_OPTIONS?.slice(CLOCK.length)
  number++
  const run = async (): Promise<Ended> => {
    child.ref()
    child.channel?.ref()
    child.send({ args, cwd, env: given, clock, number })
    const [said] = (await Promise.race([
      once(child, 'message'),
      once(child, 'exit').then((how) => [{ error: `the process of the command ended: ${how.join(' ')}` }]),
    ])) as [{ readonly ended: Ended } | { readonly error: string }]
    if ('error' in said) {
      child.kill('SIGKILL')
      throw new Error(said.error)
    }
    // It must not keep the process of the tests.
    child.unref()
    child.channel?.unref()
    idle.push(child)
    return said.ended
  }
  return run()
}
