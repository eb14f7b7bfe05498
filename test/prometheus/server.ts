import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { workspace } from '../cli/curfew.ts'
import { eventually } from './eventually.ts'

const LISTENING = /msg="Listening on" address=(\S+)/

/** Runs Prometheus or Alertmanager on a free port, in its own folder, until it is disposed of. */
export const startServer = async (
  program: string,
  args: readonly string[],
  files: Readonly<Record<string, string>> = {},
) => {
  const here = await workspace(files)
  const child = spawn(program, [...args, '--web.listen-address=127.0.0.1:0'], {
    cwd: here.folder,
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  let log = ''
  const ended = once(child, 'close').then(
    () => undefined,
    (error: unknown) => {
      log += String(error)
    },
  )
  const dispose = async () => {
    child.kill('SIGTERM')
    await ended
    await here[Symbol.asyncDispose]()
  }

  child.stderr.setEncoding('utf8')
  const listening = new Promise<string>((resolve) => {
    child.stderr.on('data', (text: string) => {
      log += text
      const [, address] = LISTENING.exec(log) ?? []
      if (address !== undefined) resolve(address)
    })
  })
  const address = await Promise.race([listening, ended])
  if (address === undefined) {
    await dispose()
    throw new Error(`${program} ended before it listened:\n${log}`)
  }

  const url = `http://${address}`
  const ready = await eventually(
    async () => (await fetch(`${url}/-/ready`)).status,
    (status) => status === 200,
  )
  if (ready !== 200) {
    await dispose()
    throw new Error(`${program} does not become ready:\n${log}`)
  }
  return { url, address, [Symbol.asyncDispose]: dispose }
}
