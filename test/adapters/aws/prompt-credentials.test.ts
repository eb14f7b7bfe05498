import { describe, expect, it, vi } from 'vitest'
import { promptCredentials } from '../../../src/adapters/aws/prompt-credentials.ts'
import { createVpn } from '../../../src/adapters/aws/vpn.ts'
import { HOUR, MINUTE, SECOND } from '../../../src/domain/time/instant.ts'
import { createManualClock, settled } from '../../app/manual-clock.ts'
import { ENDPOINT, pageXml, REGION, reply, startStandIn } from './ec2-stand-in.ts'

const LIMIT_MS = 8 * SECOND
const never = new AbortController().signal

const deferred = <Value>() => {
  let resolve: (value: Value) => void = () => {}
  let reject: (error: Error) => void = () => {}
  const promise = new Promise<Value>((...settle) => {
    ;[resolve, reject] = settle
  })
  return { promise, resolve, reject }
}

/** A source of credentials whose searches end when the test says so. */
const standInSource = () => {
  const searches: Array<ReturnType<typeof deferred<string>>> = []
  const clock = createManualClock(0)
  const provider = promptCredentials(
    () => async () => {
      const search = deferred<string>()
      searches.push(search)
      return { accessKeyId: await search.promise, secretAccessKey: 'secret' }
    },
    LIMIT_MS,
    clock,
  )
  const asked = () =>
    provider().then(
      ({ accessKeyId }) => accessKeyId,
      (error: Error) => `${error.name}: ${error.message}`,
    )
  return { clock, searches, asked }
}

const LATE = 'CredentialsProviderError: the source of the credentials has not answered for 8 s'

describe('credentials', () => {
  it('that do not come are reported within the limit, again and again', async () => {
    const { clock, asked } = standInSource()
    for (let times = 0; times < 10; times++) {
      const answer = asked()
      await clock.advance(LIMIT_MS)
      expect(await answer).toBe(LATE)
    }
  })

  it('are searched for anew after ten seconds without an answer', async () => {
    const { clock, searches, asked } = standInSource()
    void asked()
    await clock.advance(9 * SECOND)
    void asked()
    expect(searches).toHaveLength(1)
    await clock.advance(SECOND)
    const answer = asked()
    expect(searches).toHaveLength(2)
    searches[1]?.resolve('second')
    expect(await answer).toBe('second')
  })

  it('are searched for less and less often, until there is an answer', async () => {
    const { clock, searches, asked } = standInSource()
    const askFor = async (ms: number) => {
      for (let passedMs = 0; passedMs < ms; passedMs += 10 * SECOND) {
        void asked()
        await clock.advance(10 * SECOND)
      }
    }
    await askFor(4 * MINUTE)
    expect(searches.length).toBeLessThanOrEqual(5)
    await askFor(HOUR)
    const before = searches.length
    await askFor(10 * MINUTE)
    expect(searches.length - before).toBe(2)
    searches.at(-1)?.resolve('found')
    await settled()
    expect(await asked()).toBe('found')
    const answered = searches.length
    await askFor(20 * SECOND)
    expect(searches.length - answered).toBe(2)
  })

  it('that come late are used by the next caller', async () => {
    const { clock, searches, asked } = standInSource()
    const first = asked()
    await clock.advance(LIMIT_MS)
    expect(await first).toBe(LATE)
    searches[0]?.resolve('late')
    await settled()
    expect(await asked()).toBe('late')
    const next = asked()
    searches[1]?.resolve('next')
    expect(await next).toBe('next')
  })

  it('that were refused are searched for anew at once', async () => {
    const { searches, asked } = standInSource()
    const refused = asked()
    searches[0]?.reject(new Error('no'))
    expect(await refused).toBe('Error: no')
    const answer = asked()
    searches[1]?.resolve('second')
    expect(await answer).toBe('second')
  })
})

describe('a container agent', () => {
  it.each([false, true])(
    'that once does not answer does not blind the daemon for ever (role: %s)',
    async (withRole) => {
      await using ec2 = await startStandIn(reply(pageXml('')))
      await using sts = await startStandIn(
        reply(
          '<AssumeRoleResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><AssumeRoleResult><Credentials><AccessKeyId>ASIAROLE</AccessKeyId><SecretAccessKey>s</SecretAccessKey><SessionToken>t</SessionToken><Expiration>2099-01-01T00:00:00Z</Expiration></Credentials></AssumeRoleResult></AssumeRoleResponse>',
        ),
      )
      const keys = { AccessKeyId: 'ASIAFAKE', SecretAccessKey: 's', Token: 't', Expiration: '2099-01-01T00:00:00Z' }
      const asked = deferred<void>()
      await using agent = await startStandIn((response, { count }) => {
        asked.resolve()
        if (count > 1) response.setHeader('content-type', 'application/json').end(JSON.stringify(keys))
      })
      for (const name of ['AWS_ACCESS_KEY_ID', 'AWS_SECRET_ACCESS_KEY', 'AWS_PROFILE']) vi.stubEnv(name, undefined)
      vi.stubEnv('AWS_CONFIG_FILE', '/dev/null')
      vi.stubEnv('AWS_SHARED_CREDENTIALS_FILE', '/dev/null')
      vi.stubEnv('AWS_ENDPOINT_URL_STS', sts.url)
      vi.stubEnv('AWS_CONTAINER_CREDENTIALS_FULL_URI', `${agent.url}/credentials`)
      const clock = createManualClock(Date.now())
      const assumeRole = withRole ? { arn: 'arn:aws:iam::111122223333:role/curfew' } : undefined
      const vpn = createVpn({ region: REGION, endpointUrl: ec2.url, requestTimeoutMs: 10 * SECOND, clock, assumeRole })
      const first = vpn.snapshot(ENDPOINT, never).catch((error: unknown) => error)
      await asked.promise
      await clock.advance(LIMIT_MS)
      expect(await first).toMatchObject({ code: 'no-credentials' })
      await clock.advance(15 * SECOND)
      expect((await vpn.snapshot(ENDPOINT, never)).connections).toEqual([])
      vpn.close()
      vi.unstubAllEnvs()
    },
  )
})
