import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { freePort } from '../../free-port.ts'

const TINYPROXY = '/usr/bin/tinyproxy'

/** Debian's tinyproxy on a port of 127.0.0.1. `settings` are lines of its configuration. */
export const startTinyproxy = async (...settings: readonly string[]) => {
  const folder = await mkdtemp(join(tmpdir(), 'tinyproxy-'))
  const port = await freePort()
  const lines = [`Port ${port}`, 'Listen 127.0.0.1', 'LogLevel Info', 'MaxClients 20', 'Timeout 60', ...settings]
  await writeFile(join(folder, 'tinyproxy.conf'), `${lines.join('\n')}\n`)
  const child = spawn(TINYPROXY, ['-d', '-c', join(folder, 'tinyproxy.conf')], { stdio: ['ignore', 'pipe', 'inherit'] })
  const exited = once(child, 'exit')
  let log = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => (log += text))
  while (!log.includes('Accepting connections')) {
    await Promise.race([once(child.stdout, 'data'), exited])
    if (child.exitCode !== null) throw new Error(`tinyproxy did not start:\n${log}`)
  }
  const connects = () => [...log.matchAll(/Request \(file descriptor \d+\): CONNECT (\S+) /g)].map(([, host]) => host)
  return {
    address: `127.0.0.1:${port}`,
    /** The hosts to which tunnels were asked for so far, each once. */
    connects: () => [...new Set(connects())],
    tunnels: (host: string) => connects().filter((one) => one === host).length,
    async [Symbol.asyncDispose]() {
      child.kill('SIGKILL')
      await exited
      await rm(folder, { recursive: true })
    },
  }
}
