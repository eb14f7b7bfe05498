import { once } from 'node:events'
import { get, type IncomingMessage } from 'node:http'
import { join } from 'node:path'
import { PassThrough } from 'node:stream'
import { describe, expect, it, vi } from 'vitest'
import { createLogger } from '../../src/adapters/log/logger.ts'
import type { CurfewEvent } from '../../src/app/events.ts'
import { composeDaemon, createLog } from '../../src/cli/compose-daemon.ts'
import { readConfiguration } from '../../src/cli/compose-files.ts'
import { CLEAN_ENV, CREDENTIALS, workspace } from './curfew.ts'
import { curfewYaml, startOffice } from './office.ts'

const POLICIES = 'version: 1\npolicies: [{ name: leavers, kind: banned-users, usersFile: ./banned.txt }]\n'

const patterns = (count: number) => Array.from({ length: count }, (_, at) => `left-${at}-*\n`).join('')

/** A daemon in this process, so that the turns of its event loop are those of the test. */
const startDaemon = async (mode: string) => {
  const office = await startOffice()
  for (const [name, value] of Object.entries({ ...CLEAN_ENV, ...CREDENTIALS, ...office.env })) vi.stubEnv(name, value)
  const here = await workspace({
    'curfew.yaml': curfewYaml(`mode: ${mode}`),
    'policies.yaml': POLICIES,
    'banned.txt': patterns(1),
  })
  const path = join(here.folder, 'curfew.yaml')
  const { configuration } = readConfiguration(path)
  if (configuration === undefined) throw new Error('the configuration of the test is invalid')
  const listeners: Array<(event: CurfewEvent) => void> = []
  const until = (wanted: CurfewEvent['event']) =>
    new Promise<void>((resolve) => listeners.push(({ event }) => event === wanted && resolve()))
  const tell = (event: CurfewEvent) => {
    for (const listen of listeners) listen(event)
  }
  const { names, output } = createLog('silent')
  const log = createLogger({ level: 'silent', format: 'json', names, destination: new PassThrough().resume() })
  const composed = await composeDaemon({ configuration, log, names, output, listeners: [tell] })
  const server = await composed.startServer()
  const stop = new AbortController()
  const decided = until('decided')
  const running = composed.run(stop.signal)
  await decided
  return {
    write: here.write,
    reload: () => composed.reload(path),
    listeners,
    /** One question on a connection of its own, as probes ask. */
    probe: () => once(get(`${server.url}/healthz`, { agent: false }), 'response') as Promise<[IncomingMessage]>,
    async [Symbol.asyncDispose]() {
      stop.abort()
      await running
      await server.close()
      await composed.close()
      await office[Symbol.asyncDispose]()
      await here[Symbol.asyncDispose]()
      vi.unstubAllEnvs()
    },
  }
}

/** Reloads files with a long list. Counts the probes that are answered after the files are read, and before they are in force. */
const answeredDuringReload = async (before: string, next: string): Promise<number> => {
  await using daemon = await startDaemon(before)
  await daemon.write('curfew.yaml', curfewYaml(`mode: ${next}`))
  await daemon.write('banned.txt', patterns(5_000))
  let answered = 0
  let inForceAfter: number | undefined
  daemon.listeners.push(({ event }) => {
    if (event === 'reloaded') inForceAfter = answered
  })
  const probes = Array.from({ length: 3 }, async () => {
    const [response] = await daemon.probe()
    response.resume()
    if (response.statusCode === 200) answered++
  })
  // Reading begins in this turn of the event loop, in which no probe can be answered.
  await daemon.reload()
  await Promise.all(probes)
  expect(answered).toBe(3)
  return inForceAfter ?? Number.NaN
}

describe('a reload of a long list', () => {
  it.each([
    ['enforce', 'enforce'],
    ['audit', 'audit'],
    ['audit', 'enforce'],
  ])('answers probes between reading the files and taking them, in mode %s then %s', async (before, next) => {
    expect(await answeredDuringReload(before, next)).toBeGreaterThan(0)
  })

  it('answers nobody before an edit to audit is in force: calls would leave meanwhile', async () => {
    expect(await answeredDuringReload('enforce', 'audit')).toBe(0)
  })
})
