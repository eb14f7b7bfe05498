import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createDiscovery, type EndpointSelection } from '../../src/app/discovery.ts'
import { type ListedEndpoint, VpnError, type VpnErrorCode } from '../../src/app/vpn.ts'
import { MINUTE } from '../../src/domain/time/instant.ts'
import { createManualClock } from './manual-clock.ts'

const STAFF = 'cvpn-endpoint-0123456789abcdef0'
const MACHINES = 'cvpn-endpoint-0123456789abcdef1'
const CONTRACTORS = 'cvpn-endpoint-0123456789abcdef2'

const never = new AbortController().signal

/** An account whose endpoints can be created and deleted, and whose list can fail. */
const standInAccount = () => {
  const endpoints = new Map<string, ListedEndpoint>()
  let failure: VpnErrorCode | undefined
  let asked = 0
  return {
    asked: () => asked,
    vpn: {
      async endpoints() {
        asked++
        const listed = [...endpoints.values()]
        await Promise.resolve()
        if (failure !== undefined) throw new VpnError(failure, 'the list failed')
        return listed
      },
    },
    put(id: string, { tags = {}, status = 'available' }: { tags?: Record<string, string>; status?: string } = {}) {
      endpoints.set(id, { id, name: tags.Name, tags: new Map(Object.entries(tags)), status })
    },
    remove: (id: string) => endpoints.delete(id),
    fail(code: VpnErrorCode | undefined) {
      failure = code
    },
  }
}

const tagged = (tags: Record<string, string>): EndpointSelection['discover'] => ({
  tags: new Map(Object.entries(tags)),
})

const setUp = ({ endpoints = [], readsTags = false, ...rest }: Partial<EndpointSelection> = {}) => {
  const discover = 'discover' in rest ? rest.discover : 'all'
  const account = standInAccount()
  const discovery = createDiscovery({
    clock: createManualClock(0),
    vpn: account.vpn,
    selection: { endpoints, discover, readsTags },
  })
  const ids = (found: ReadonlyArray<{ id: string }>) => found.map(({ id }) => id)
  return {
    ...account,
    discovery,
    current: () => ids(discovery.endpoints()),
    async refresh() {
      const { added, removed, changed, endpoints: all, failure } = await discovery.refresh(never)
      expect(ids(all)).toEqual(ids(discovery.endpoints()))
      return { added: ids(added), removed: ids(removed), changed: ids(changed), failure: failure?.code }
    },
  }
}

const QUIET = { added: [], removed: [], changed: [], failure: undefined }

describe('discovery', () => {
  it('follows endpoints as they are created and deleted', async () => {
    const { put, remove, refresh, current } = setUp()
    expect(current()).toEqual([])
    expect(await refresh()).toEqual(QUIET)
    put(STAFF)
    put(MACHINES)
    expect(await refresh()).toEqual({ ...QUIET, added: [STAFF, MACHINES] })
    expect(await refresh()).toEqual(QUIET)
    remove(STAFF)
    put(CONTRACTORS)
    expect(await refresh()).toEqual({ ...QUIET, added: [CONTRACTORS], removed: [STAFF] })
    expect(current()).toEqual([MACHINES, CONTRACTORS])
  })

  it('gives a list up that is not complete after a minute, keeps the endpoints, and lists again', async () => {
    const clock = createManualClock(0)
    const account = standInAccount()
    account.put(STAFF)
    let isHanging = false
    const endpoints = () => (isHanging ? new Promise<never>(() => {}) : account.vpn.endpoints())
    const discovery = createDiscovery({ clock, vpn: { endpoints }, selection: { endpoints: [], discover: 'all' } })
    await discovery.refresh(never)
    isHanging = true
    const late = discovery.refresh(never)
    await clock.advance(MINUTE)
    expect(await late).toMatchObject({ endpoints: [{ id: STAFF }], removed: [], failure: { code: 'timeout' } })
    isHanging = false
    account.put(MACHINES)
    expect((await discovery.refresh(never)).added).toMatchObject([{ id: MACHINES }])
  })

  it.each<VpnErrorCode>(['throttled', 'denied', 'timeout', 'malformed', 'aborted'])(
    'keeps the last list when the request fails: %s',
    async (code) => {
      const { put, remove, fail, refresh, current } = setUp()
      put(STAFF)
      await refresh()
      remove(STAFF)
      put(MACHINES)
      fail(code)
      expect(await refresh()).toEqual({ ...QUIET, failure: code })
      expect(current()).toEqual([STAFF])
      fail(undefined)
      expect(await refresh()).toEqual({ ...QUIET, added: [MACHINES], removed: [STAFF] })
    },
  )

  it.each(['deleting', 'deleted'])('removes an endpoint that is %s', async (status) => {
    const { put, refresh, current } = setUp()
    put(STAFF)
    await refresh()
    put(STAFF, { status })
    expect(await refresh()).toEqual({ ...QUIET, removed: [STAFF] })
    expect(current()).toEqual([])
  })

  it.each(['available', 'pending-associate', 'pending', 'unknown', 'a-new-word'])(
    'watches an endpoint that is %s',
    async (status) => {
      const { put, refresh } = setUp()
      put(STAFF, { status })
      expect(await refresh()).toEqual({ ...QUIET, added: [STAFF] })
    },
  )

  it('requires all tags, spelled exactly', async () => {
    const { put, refresh, current } = setUp({ discover: tagged({ 'vpn-policy': 'enforced', team: '' }) })
    put(STAFF, { tags: { 'vpn-policy': 'enforced', team: '', more: 'yes' } })
    put(MACHINES, { tags: { 'vpn-policy': 'enforced' } })
    put(CONTRACTORS, { tags: { 'VPN-policy': 'enforced', team: '' } })
    put('cvpn-endpoint-0123456789abcdef3', { tags: { 'vpn-policy': 'Enforced', team: '' } })
    await refresh()
    expect(current()).toEqual([STAFF])
  })

  it('follows tags that are added and removed', async () => {
    const { put, refresh } = setUp({ discover: tagged({ 'vpn-policy': 'enforced' }) })
    put(STAFF)
    expect(await refresh()).toEqual(QUIET)
    put(STAFF, { tags: { 'vpn-policy': 'enforced' } })
    expect(await refresh()).toEqual({ ...QUIET, added: [STAFF] })
    put(STAFF, { tags: { 'vpn-policy': 'off' } })
    expect(await refresh()).toEqual({ ...QUIET, removed: [STAFF] })
  })

  it('always keeps a listed endpoint, once, under the name that the operator gave', async () => {
    const endpoints = [
      { id: STAFF, name: 'berlin' },
      { id: MACHINES, name: undefined },
    ]
    const { put, refresh, discovery, current } = setUp({ endpoints })
    expect(current()).toEqual([STAFF, MACHINES])
    put(STAFF, { tags: { Name: 'other' }, status: 'deleting' })
    put(CONTRACTORS, { tags: { Name: 'contractors' } })
    expect(await refresh()).toEqual({ ...QUIET, added: [CONTRACTORS], changed: [STAFF] })
    expect(discovery.endpoints().map(({ id, name }) => [id, name])).toEqual([
      [STAFF, 'berlin'],
      [MACHINES, MACHINES],
      [CONTRACTORS, 'contractors'],
    ])
  })

  it('reads the tags of listed endpoints if a policy reads them, and keeps the last ones if the request fails', async () => {
    const endpoints = [
      { id: STAFF, name: 'berlin' },
      { id: MACHINES, name: undefined },
    ]
    const { put, remove, fail, refresh, discovery, asked } = setUp({ endpoints, discover: undefined, readsTags: true })
    const known = () => discovery.endpoints().map(({ name, givenName, tags }) => [name, givenName, tags?.get('env')])
    expect(known()).toEqual([
      ['berlin', 'berlin', undefined],
      [MACHINES, undefined, undefined],
    ])
    expect(discovery.endpoints().map(({ tags }) => tags)).toEqual([undefined, undefined])
    put(STAFF, { tags: { Name: 'other', env: 'prod' } })
    put(MACHINES, { tags: { Name: 'machines', env: 'dev' } })
    put(CONTRACTORS)
    expect(await refresh()).toEqual({ ...QUIET, changed: [STAFF, MACHINES] })
    const tagged = [
      ['berlin', 'berlin', 'prod'],
      ['machines', undefined, 'dev'],
    ]
    expect(known()).toEqual(tagged)
    expect(await refresh()).toEqual(QUIET)
    fail('denied')
    remove(MACHINES)
    expect(await refresh()).toEqual({ ...QUIET, failure: 'denied' })
    expect(known()).toEqual(tagged)
    expect(asked()).toBe(3)
  })

  it('tells which discovered endpoints have another name or other tags', async () => {
    const { put, refresh } = setUp()
    put(STAFF, { tags: { Name: 'berlin', env: 'prod' } })
    put(MACHINES, { tags: { env: 'prod' } })
    await refresh()
    put(STAFF, { tags: { env: 'prod', Name: 'berlin' } })
    expect(await refresh()).toEqual(QUIET)
    put(STAFF, { tags: { env: 'prod', Name: 'Berlin' } })
    put(MACHINES, { tags: { env: 'prod', team: 'a' } })
    expect(await refresh()).toEqual({ ...QUIET, changed: [STAFF, MACHINES] })
  })

  it('sends no request if nothing is to be discovered', async () => {
    const account = standInAccount()
    account.put(MACHINES)
    const selection = { endpoints: [{ id: STAFF, name: undefined }], discover: undefined }
    const { endpoints } = await createDiscovery({ clock: createManualClock(0), vpn: account.vpn, selection }).refresh(
      never,
    )
    expect(endpoints).toEqual([{ id: STAFF, name: STAFF }])
    expect(account.asked()).toBe(0)
  })

  it('never sends two requests at once', async () => {
    const { put, discovery, asked } = setUp()
    put(STAFF)
    const [first, second] = await Promise.all([discovery.refresh(never), discovery.refresh(never)])
    expect(second).toBe(first)
    expect(asked()).toBe(1)
    await discovery.refresh(never)
    expect(asked()).toBe(2)
  })

  it('always equals the last complete answer and the listed endpoints', async () => {
    const ids = [STAFF, MACHINES, CONTRACTORS]
    const step = fc.oneof(
      fc.record({
        act: fc.constant('put' as const),
        id: fc.constantFrom(...ids),
        tag: fc.constantFrom('enforced', 'off', undefined),
        status: fc.constantFrom('available', 'pending', 'deleting', 'deleted'),
      }),
      fc.record({ act: fc.constant('remove' as const), id: fc.constantFrom(...ids) }),
      fc.record({ act: fc.constant('fail' as const), code: fc.constantFrom('timeout' as const, undefined) }),
    )
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 20 }), fc.subarray(ids), async (steps, listed) => {
        const { put, remove, fail, refresh, current } = setUp({
          endpoints: listed.map((id) => ({ id, name: undefined })),
          discover: tagged({ 'vpn-policy': 'enforced' }),
        })
        const discovered = new Set<string>()
        let failing = false
        let expected = new Set(listed)
        for (const one of steps) {
          if (one.act === 'put') {
            put(one.id, { status: one.status, tags: one.tag === undefined ? {} : { 'vpn-policy': one.tag } })
            if (one.tag === 'enforced' && !one.status.startsWith('delet')) discovered.add(one.id)
            else discovered.delete(one.id)
          } else if (one.act === 'remove') {
            remove(one.id)
            discovered.delete(one.id)
          } else {
            failing = one.code !== undefined
            fail(one.code)
          }
          const before = expected
          if (!failing) expected = new Set([...listed, ...discovered])
          const { added, removed, failure } = await refresh()
          expect(new Set(current())).toEqual(expected)
          expect(current()).toHaveLength(expected.size)
          expect(new Set(added)).toEqual(new Set([...expected].filter((id) => !before.has(id))))
          expect(new Set(removed)).toEqual(new Set([...before].filter((id) => !expected.has(id))))
          expect(failure !== undefined).toBe(failing)
        }
      }),
    )
  })
})
