import { appendFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { HOUR, MINUTE, SECOND } from '../../src/domain/time/instant.ts'
import { errorXml, responseXml } from '../../src/simulator/ec2-xml.ts'
import type { Interception } from '../../src/simulator/exchange.ts'
import type { Arrival } from '../../src/simulator/world-controls.ts'
import { startReceiver } from '../adapters/notify/receiver.ts'
import { workspace } from '../cli/curfew.ts'
import { isTermination, startOffice } from '../cli/office.ts'
import { BERLIN, branchFiles, headFiles, LAB, LISBON, MUNICH, scenario, VIRGINIA } from './company-files.ts'

const throttle: Interception = {
  status: 503,
  body: errorXml({ code: 'RequestLimitExceeded', message: 'Request limit exceeded.' }, ''),
}
const denial: Interception = {
  status: 403,
  body: errorXml({ code: 'UnauthorizedOperation', message: 'You are not authorized to perform this operation.' }, ''),
}
/** Accepts the call, but does not end the connection. */
const emptyAcceptance: Interception = { status: 200, body: responseXml('TerminateClientVpnConnections', '', '') }

/**
 * A company with a simulated AWS and two daemons, one at its head office and one at a branch. The day begins without
 * problems, with active users and some violations. Then many failures happen at once. With a database, the head office
 * keeps its trail there.
 */
export const openCompany = async (databaseUrl?: string) => {
  let isHealthy = true
  const unending = new Set<string>()
  const pager = await startReceiver(() => 204)
  const chat = await startReceiver(() => (isHealthy ? 204 : 410))
  const aws = await startOffice(scenario, {
    intercept: (request) => {
      const { ClientVpnEndpointId: id, ConnectionId: connectionId = '' } = request.params
      if (isHealthy) return undefined
      if (id === VIRGINIA) return throttle
      if (isTermination(request)) return unending.has(connectionId) ? emptyAcceptance : undefined
      return id === LAB && request.action === 'TerminateClientVpnConnections' ? denial : undefined
    },
  })
  const connect = (endpointId: string, username: string, more: Partial<Arrival> = {}) =>
    aws.world.connect({ endpointId, username, ...more })

  connect(BERLIN, 'dave@corp.example', { ageMs: 8 * HOUR - 12 * SECOND })
  connect(BERLIN, 'ext-carol@vendor.example', { reconnectAfter: 'never' })
  connect(BERLIN, 'frank@corp.example', { idle: true })
  connect(BERLIN, 'byod-erin@corp.example')
  for (let device = 0; device < 3; device++) connect(BERLIN, 'grace@corp.example')
  aws.world.transfer(connect(BERLIN, 'heidi@corp.example'), { egress: 200 * 2 ** 20 })

  const constant = { pager: pager.url, chat: chat.url, replicated: databaseUrl !== undefined }
  const offices = {
    head: await workspace(headFiles({ ...constant, maxAge: '8h', watchLab: false })),
    branch: await workspace(branchFiles),
  }
  const daemons = {
    head: offices.head.start(['run', '-c', 'curfew.yaml'], { ...aws.env, CURFEW_DATABASE_URL: databaseUrl }),
    branch: offices.branch.start(['run', '-c', 'curfew.yaml'], aws.env),
  }
  const edit = async (files: Readonly<Record<string, string>>) => {
    for (const [name, text] of Object.entries(files)) await offices.head.write(name, text)
  }
  /** Waits until a daemon logs an event. */
  const untilLogged = async (daemon: keyof typeof daemons, event: string) => {
    const line = await Promise.race([daemons[daemon].untilLogged(event), pause(5 * MINUTE, undefined, { ref: false })])
    if (line === undefined) throw new Error(`the daemon ${daemon} does not log "${event}":\n${daemons[daemon].stdout}`)
    return line
  }
  const addressOf = async (daemon: keyof typeof daemons) =>
    new URL(String((await untilLogged(daemon, 'listening')).url)).host

  let banned: readonly string[] = []

  return {
    addresses: async () => ({ head: await addressOf('head'), branch: await addressOf('branch') }),

    /** Causes every failure that an alert reports within two minutes. */
    async goWrong() {
      // Somebody uses the break-glass account.
      connect(BERLIN, 'break-glass@corp.example')
      // An audited policy finds somebody.
      aws.world.transfer(connect(BERLIN, 'ivan@corp.example'), { egress: 200 * 2 ** 20 })
      // A device is not compliant.
      connect(BERLIN, 'byod-frida@corp.example', { posture: ['noncompliant'] })
      // AWS throttles virginia, denies lab and accepts but does not end judy's connection; chat refuses notifications.
      isHealthy = false
      unending.add(connect(MUNICH, 'ext-judy@vendor.example'))
      // AWS reports times in whole seconds: a faster reconnect would seem older than the termination.
      banned = [1, 2, 3].map((n) => connect(BERLIN, `mallory-${n}`, { reconnectAfter: 1.5 * SECOND }))
      // The first edit would end most of munich now, and most of berlin within the day. It adds lab. The second edit is invalid.
      await edit(headFiles({ ...constant, maxAge: '4h', watchLab: true }))
      await untilLogged('head', 'held')
      await untilLogged('head', 'permission-missing')
      await edit(headFiles({ ...constant, maxAge: 'soon', watchLab: true }))
      await untilLogged('head', 'reload-refused')
      // At the branch forty connections are due, and one call leaves in a hundred seconds. Then another program writes
      // into the audit trail.
      for (let n = 1; n <= 40; n++) connect(LISBON, `late-${n}@corp.example`, { ageMs: 9 * HOUR })
      await untilLogged('branch', 'termination')
      await appendFile(join(offices.branch.folder, 'data/audit.jsonl'), 'a line of another program\n')
      daemons.branch.child.kill('SIGHUP')
      await untilLogged('branch', 'unwritable')
    },

    /** The banned users leave for good. */
    endReconnects() {
      for (const id of banned) aws.world.leave(id)
    },

    async [Symbol.asyncDispose]() {
      for (const one of [daemons.head, daemons.branch, offices.head, offices.branch, aws, pager, chat])
        await one[Symbol.asyncDispose]()
    },
  }
}
