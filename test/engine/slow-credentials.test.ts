import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { IS_NIGHTLY } from '../nightly.ts'
import { type Company, startCompany, unitOf, until } from './replicas.ts'

const ROUNDS = IS_NIGHTLY ? 10 : 1
/** A time-out finds a test that hangs. */
const LIMIT_MS = IS_NIGHTLY ? 3_600_000 : 240_000
const SLOW_MS = IS_NIGHTLY ? 10_000 : 4000

/**
 * A `credential_process` of a replica, whose answer waits while the test holds it. Its credentials expire after two seconds:
 * with a longer time the SDK uses the old ones while it waits for new ones.
 */
const createKeys = (company: Company, key: string) => {
  const folder = join(company.folder, `keys-${key}`)
  mkdirSync(folder)
  const file = (name: string) => join(folder, name)
  const expiration = `'"$(date -u -d '+2 seconds' +%FT%TZ)"'`
  const answer = `{"Version":1,"AccessKeyId":"${key}","SecretAccessKey":"secret","Expiration":"${expiration}"}`
  const script = [
    `echo >> ${file('asked')}`,
    `while [ -e ${file('hold')} ]; do sleep 0.1; done`,
    `echo >> ${file('answered')}`,
    `echo '${answer}'`,
  ]
  writeFileSync(file('keys.sh'), `${script.join('\n')}\n`)
  writeFileSync(file('config'), `[default]\ncredential_process = /bin/sh ${file('keys.sh')}\n`)
  const times = (what: 'asked' | 'answered') => (existsSync(file(what)) ? readFileSync(file(what)).length : 0)
  return {
    environment: { AWS_CONFIG_FILE: file('config') },
    hold: () => writeFileSync(file('hold'), ''),
    release: () => rmSync(file('hold')),
    isWaiting: () => times('asked') > times('answered'),
  }
}

it(
  `a replica that is stopped while its credentials take ${SLOW_MS / 1000} s after the intent sends no call`,
  async () => {
    await using company = await startCompany({
      units: 2,
      policies: `
version: 1
policies:
  - { name: short, kind: max-session-age, maxAge: 10s, guard: off }
`,
      clients: () => [],
    })
    await company.migrate()
    const holderOf = async (unit: string) => (await company.holders()).get(unit)?.key
    const keys = createKeys(company, 'SLOW')
    const slow = company.start('SLOW', keys.environment)
    await until(async () => [...(await company.holders()).values()].filter(({ key }) => key === 'SLOW').length === 2)
    company.start('OTHER')
    const reads: string[] = []
    company.simulator.onRequest(({ action, accessKeyId, params }) => {
      const { ClientVpnEndpointId: id } = params
      if (action === 'DescribeClientVpnConnections' && accessKeyId === 'SLOW' && id !== undefined) reads.push(id)
    })

    for (let stopped = 0; stopped < ROUNDS; ) {
      const unit = await until(
        async () => [...(await company.holders()).values()].find(({ key }) => key === 'SLOW')?.unit,
      )
      const endpointId = company.endpoints.find(({ region }) => unitOf(region) === unit)?.id ?? ''
      const connectionId = company.simulator.world.connect({ endpointId, username: `short-${company.calls.length}` })
      const callers = (from = 0, to?: number) =>
        company.calls.slice(from, to).flatMap((call) => (call.connectionId === connectionId ? [call.key] : []))
      // The replica has seen the session: from now on it needs nothing but the credentials of the call.
      reads.length = 0
      await until(() => reads.filter((id) => id === endpointId).length >= 2)
      const intended = company.nextIntent(new Set([unit]))
      keys.hold()
      await intended
      const intendedAt = Date.now()
      const wasWaiting = keys.isWaiting()
      slow.signal('SIGSTOP')
      await until(async () => (await holderOf(unit)) === 'OTHER' && Date.now() - intendedAt >= SLOW_MS)
      // As it goes on, its credentials and the end of its session are there at once.
      keys.release()
      await until(() => !keys.isWaiting())
      const before = company.calls.length
      slow.signal('SIGCONT')
      await until(() => company.simulator.world.status(connectionId) !== 'active')
      // It has its credentials and a unit, and reads with them.
      await until(async () => [...(await company.holders()).values()].some(({ key }) => key === 'SLOW'))
      reads.length = 0
      await until(() => reads.length > 0)
      expect(callers(before)).not.toContain('SLOW')
      // A call whose credentials were still good left before the stop: that round shows nothing.
      if (!wasWaiting || callers(0, before).includes('SLOW')) continue
      stopped++
      expect(callers()).toEqual(['OTHER'])
    }
    await company.stopAll()
    expect(await company.mistakes()).toEqual([])
    expect(await company.brokenChains()).toEqual([])
  },
  LIMIT_MS,
)
