import { fork } from 'node:child_process'
import { once } from 'node:events'

/** Runs a process and returns the message that it sends. Throws if it ends without one. */
export const messageOf = async <Message>(
  file: string,
  args: readonly string[],
  execArgv: string[] = [],
): Promise<Message> => {
  const child = fork(file, [...args], { execArgv })
  const exited = once(child, 'exit')
  const message = await Promise.race([
    once(child, 'message').then(([sent]) => sent as Message),
    exited.then(([code]) => {
      throw new Error(`${file} ${args.join(' ')} ended with exit code ${code} and sent no message`)
    }),
  ])
  // After the exit the process writes no more files.
  await exited
  return message
}

/** Starts a server in a process of its own, which sends its port. */
export const served = async (file: string, args: readonly string[]): Promise<{ readonly url: string } & Disposable> => {
  const child = fork(file, [...args], { execArgv: [] })
  const [port] = (await once(child, 'message')) as [number]
  return { url: `http://127.0.0.1:${port}`, [Symbol.dispose]: () => child.disconnect() }
}
