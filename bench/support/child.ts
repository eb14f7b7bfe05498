import { fork } from 'node:child_process'
import { once } from 'node:events'

/** A process that sends one message, and what it was; one that ends before is an error. */
export const told = async <Message>(
  file: string,
  args: readonly string[],
  execArgv: string[] = [],
): Promise<Message> => {
  const child = fork(file, [...args], { execArgv })
  const exited = once(child, 'exit')
  const message = await Promise.race([
    once(child, 'message').then(([sent]) => sent as Message),
    exited.then(([code]) => {
      throw new Error(`${file} ${args.join(' ')} ended with ${code} and said nothing`)
    }),
  ])
  // What it still writes, it has written.
  await exited
  return message
}

/** A server in a process of its own, which sends the port that it listens on. */
export const served = async (file: string, args: readonly string[]): Promise<{ readonly url: string } & Disposable> => {
  const child = fork(file, [...args], { execArgv: [] })
  const [port] = (await once(child, 'message')) as [number]
  return { url: `http://127.0.0.1:${port}`, [Symbol.dispose]: () => child.disconnect() }
}
