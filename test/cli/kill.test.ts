import { readFileSync } from 'node:fs'
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { HOUR } from '../../src/domain/time/instant.ts'
import { createRandom } from '../../src/simulator/random.ts'
import { IS_NIGHTLY } from '../nightly.ts'
import { type Running, workspace } from './curfew.ts'
import { AGE_POLICY, curfewYaml, isTermination, OFFICE, startOffice, terminateCalls } from './office.ts'

const KILLS = IS_NIGHTLY ? 20 : 10
const VIOLATORS = 18 * KILLS
const COMPLIANT = 100

interface Line {
  readonly event: string
  readonly connectionId?: string
  readonly outcome?: string
}

/** The complete lines of a trail, without a torn last one. */
const trail = (folder: string): readonly Line[] => {
  const text = readFileSync(join(folder, 'data/audit.jsonl'), 'utf8')
  const complete = text.slice(0, text.lastIndexOf('\n') + 1)
  return complete.split('\n').flatMap((line) => (line === '' ? [] : [JSON.parse(line) as Line]))
}

const countsOf = (ids: Iterable<string>) => {
  const counts = new Map<string, number>()
  for (const id of ids) counts.set(id, (counts.get(id) ?? 0) + 1)
  return counts
}

it('records every call first, and ends every violator and nobody else, although it is killed again and again', async () => {
  const random = createRandom(Number(process.env.CURFEW_SEED ?? 20261122)).world
  let folder = ''
  let onCall = () => {}
  const calls: string[] = []
  const unrecorded: string[] = []
  await using office = await startOffice(
    {
      buckets: { terminate: { burst: 1000, perSecond: 1000 } },
      endpoints: [
        {
          id: OFFICE,
          name: 'office',
          region: 'eu-central-1',
          authentication: 'federated',
          clients: [
            { count: COMPLIANT, name: 'compliant-{n}', ages: { from: '0s', to: '1h' } },
            { count: VIOLATORS, name: 'violator-{n}', ages: { from: '9h', to: '10h' } },
          ],
        },
      ],
    },
    {
      intercept: (request) => {
        if (!isTermination(request)) return undefined
        const { ConnectionId: id = '' } = request.params
        calls.push(id)
        // The trail is read while the call is being answered. A record written later would prove nothing.
        const intents = trail(folder).filter(({ event, connectionId }) => event === 'intent' && connectionId === id)
        if (intents.length < calls.filter((other) => other === id).length) unrecorded.push(id)
        onCall()
        return undefined
      },
    },
  )
  const isViolator = ({ establishedAt }: { readonly establishedAt: number }) => Date.now() - establishedAt > 8 * HOUR
  const violators = office.world.connections(OFFICE).filter(isViolator)
  await using here = await workspace({
    'policies.yaml': AGE_POLICY,
    'curfew.yaml': curfewYaml(
      'mode: enforce\npoll: { schedule: "* * * * * *", minGap: 1s }\ntermination: { rate: { burst: 4, perSecond: 20 } }',
    ),
  })
  folder = here.folder
  const start = () => here.start(['run', '-c', 'curfew.yaml'], office.env)

  /** Kills the process: in even rounds while a call is being answered, in odd rounds up to 700 ms after the first. */
  const killed = async (running: Running, round: number) => {
    const after = random.within({ from: 1, to: 15 })
    const delayMs = random.within({ from: 0, to: 700 })
    const reached = new Promise<void>((resolve) => {
      let left = round % 2 === 0 ? after : 1
      onCall = () => {
        if (--left === 0) resolve()
      }
    })
    await Promise.race([reached, running.exited])
    if (round % 2 === 1) await new Promise((resolve) => setTimeout(resolve, delayMs))
    running.child.kill('SIGKILL')
    await running.exited
    expect(running.child.signalCode).toBe('SIGKILL')
  }

  for (let round = 0; round < KILLS; round++) {
    await using running = start()
    await killed(running, round)
  }
  expect(calls.length).toBeGreaterThan(KILLS)
  expect(calls.length).toBeLessThan(VIOLATORS)

  await using last = start()
  await last.untilLogged('decided', ({ active }) => active === COMPLIANT)
  // Terminations that were in flight at a kill reach their outcome as well.
  const confirmed = () =>
    new Set(trail(folder).flatMap(({ event, connectionId }) => (event === 'outcome' ? [connectionId] : [])))
  await last.until(() => (violators.every(({ connectionId }) => confirmed().has(connectionId)) ? true : undefined))
  last.child.kill('SIGTERM')
  expect(await last.exited).toBe(0)

  expect(unrecorded).toEqual([])
  expect(new Set(calls)).toEqual(new Set(violators.map(({ connectionId }) => connectionId)))
  expect(terminateCalls(office).every(({ params }) => params.Username === undefined)).toBe(true)
  const intents = countsOf(
    trail(folder).flatMap(({ event, connectionId = '' }) => (event === 'intent' ? [connectionId] : [])),
  )
  for (const [id, count] of countsOf(calls)) expect(intents.get(id)).toBeGreaterThanOrEqual(count)
  // The state file is older than the trail after a kill. What the trail has confirmed is not confirmed again.
  const confirmations = trail(folder).flatMap(({ outcome, connectionId = '' }) =>
    outcome === 'confirmed' ? [connectionId] : [],
  )
  expect([...countsOf(confirmations).values()].filter((count) => count > 1)).toEqual([])
  const stillActive = office.world.connections(OFFICE).filter(({ status }) => status === 'active')
  expect(stillActive.filter(isViolator)).toEqual([])
  expect(stillActive).toHaveLength(COMPLIANT)

  const files = (await readdir(join(folder, 'data'))).filter((name) => name.startsWith('audit.jsonl'))
  const { code, stdout } = await here.run([
    'audit',
    'verify',
    ...files.filter((name) => !/lock|torn/.test(name)).map((name) => `data/${name}`),
  ])
  expect(stdout).toContain(`${trail(folder).length} records`)
  expect(code).toBe(0)
})
