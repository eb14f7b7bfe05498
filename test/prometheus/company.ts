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
/** Says that it will, and does not. */
const lie: Interception = { status: 200, body: responseXml('TerminateClientVpnConnections', '', '') }

/**
 * A company with two daemons, one at its head office and one at a branch, in front of a simulated AWS. Its day begins
 * well, with people at work and some who have to go; then everything goes wrong at once.
 */
export const openCompany = async () => {
  let allIsWell = true
  const undying = new Set<string>()
  const pager = await startReceiver(() => 204)
  const chat = await startReceiver(() => (allIsWell ? 204 : 410))
  const aws = await startOffice(scenario, {
    intercept: (request) => {
      const { ClientVpnEndpointId: id, ConnectionId: connectionId = '' } = request.params
      if (allIsWell) return undefined
      if (id === VIRGINIA) return throttle
      if (isTermination(request)) return undying.has(connectionId) ? lie : undefined
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

  const told = { pager: pager.url, chat: chat.url }
  const offices = {
    head: await workspace(headFiles({ ...told, maxAge: '8h', watchLab: false })),
    branch: await workspace(branchFiles),
  }
  const daemons = {
    head: offices.head.start(['run', '-c', 'curfew.yaml'], aws.env),
    branch: offices.branch.start(['run', '-c', 'curfew.yaml'], aws.env),
  }
  const edit = async (files: Readonly<Record<string, string>>) => {
    for (const [name, text] of Object.entries(files)) await offices.head.write(name, text)
  }
  /** Waits until a daemon logs an event. */
  const hear = async (daemon: keyof typeof daemons, event: string) => {
    const line = await Promise.race([daemons[daemon].untilLogged(event), pause(MINUTE, undefined, { ref: false })])
    if (line === undefined) throw new Error(`the ${daemon} does not log "${event}":\n${daemons[daemon].stdout}`)
    return line
  }
  const addressOf = async (daemon: keyof typeof daemons) => new URL(String((await hear(daemon, 'listening')).url)).host

  let banned: readonly string[] = []

  return {
    addresses: async () => ({ head: await addressOf('head'), branch: await addressOf('branch') }),

    /** Everything that can go wrong within two minutes. */
    async goWrong() {
      // AWS throttles virginia, denies lab and only says that it ends judy's session; nobody takes messages from chat.
      allIsWell = false
      undying.add(connect(MUNICH, 'ext-judy@vendor.example'))
      // AWS tells times in whole seconds: who came back faster would seem to have come before the cut.
      banned = [1, 2, 3].map((n) => connect(BERLIN, `mallory-${n}`, { reconnectAfter: 1.5 * SECOND }))
      // An edit that would end most of munich after the fact, and brings lab under watch; then one that is wrong.
      await edit(headFiles({ ...told, maxAge: '4h', watchLab: true }))
      await hear('head', 'held')
      await hear('head', 'permission-missing')
      await edit(headFiles({ ...told, maxAge: 'soon', watchLab: true }))
      await hear('head', 'reload-refused')
      // At the branch forty have to go, one in a hundred seconds; then somebody else writes into the audit trail.
      for (let n = 1; n <= 40; n++) connect(LISBON, `late-${n}@corp.example`, { ageMs: 9 * HOUR })
      await hear('branch', 'termination')
      await appendFile(join(offices.branch.folder, 'data/audit.jsonl'), 'a line of somebody else\n')
      daemons.branch.child.kill('SIGHUP')
      await hear('branch', 'unwritable')
    },

    /** Those who are banned stay away at last. */
    heedBan() {
      for (const id of banned) aws.world.leave(id)
    },

    async [Symbol.asyncDispose]() {
      for (const one of [daemons.head, daemons.branch, offices.head, offices.branch, aws, pager, chat])
        await one[Symbol.asyncDispose]()
    },
  }
}
