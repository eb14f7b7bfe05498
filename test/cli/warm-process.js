// A process that runs commands of the bundle, one after the other, for `warm-command.ts`. The parts of the bundle are loaded
// once. `main.js` is small; each command evaluates it again, as the start of a process does.
import { subscribe } from 'node:diagnostics_channel'
import { setImmediate as turn } from 'node:timers/promises'

const [, , main] = process.argv
const real = { now: Date.now, elapsed: performance.now }

const sockets = new Set()
subscribe('net.client.socket', ({ socket }) => {
  sockets.add(socket)
  socket.once('close', () => sockets.delete(socket))
})

// Work that a command left behind may still fail when its sockets are closed. The end of a process hides that too.
process.on('uncaughtException', () => {})

/** Signals and errors for which `main.ts` and the commands listen. */
const LISTENED = ['SIGUSR1', 'SIGINT', 'SIGTERM', 'SIGHUP']

const enter = ({ args, cwd, env }) => {
  process.chdir(cwd)
  for (const name of Object.keys(process.env)) delete process.env[name]
  Object.assign(process.env, env)
  process.argv = [process.execPath, main, ...args]
  process.exitCode = undefined
}

const leave = async () => {
  Object.assign(Date, { now: real.now })
  Object.assign(performance, { now: real.elapsed })
  for (const socket of sockets) socket.destroy()
  for (const name of LISTENED) process.removeAllListeners(name)
  for (const listener of process.listeners('uncaughtException').slice(1)) process.off('uncaughtException', listener)
  for (const stream of [process.stdout, process.stderr]) stream.removeAllListeners('error')
  process.chdir('/')
  await turn()
  await turn()
}

/** Runs a command until it leaves its process. */
const run = async (asked) => {
  const output = { stdout: '', stderr: '' }
  enter(asked)
  const code = await new Promise((resolve, reject) => {
    for (const name of ['stdout', 'stderr']) {
      process[name].write = (chunk, ...more) => {
        output[name] += String(chunk)
        const written = more.findLast((one) => typeof one === 'function')
        // With an empty text `main.ts` waits until all before it is written, and then leaves.
        if (chunk === '' && written !== undefined) resolve(process.exitCode ?? 0)
        else if (written !== undefined) process.nextTick(written)
        return true
      }
    }
    // So `main.ts` takes that way, and not the one by which it leaves at once.
    Object.defineProperty(process.stdout, 'writableLength', { value: 1, configurable: true })
    process.exit = (status) => resolve(status ?? process.exitCode ?? 0)
    const evaluate = async () => {
      if (asked.clock !== undefined) await import(`${asked.clock}#${asked.number}`)
      await import(`${main}?${asked.number}`)
      await turn()
      throw new Error(`${main} was evaluated and did not leave: test/cli/warm-process.js expects that it does`)
    }
    evaluate().catch(reject)
  })
  await leave()
  return { code, ...output }
}

process.on('message', (asked) => {
  run(asked).then(
    (ended) => process.send({ ended }),
    (error) => process.send({ error: String(error) }),
  )
})
process.on('disconnect', () => process.kill(process.pid, 'SIGKILL'))
