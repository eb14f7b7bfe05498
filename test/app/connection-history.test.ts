import { describe, expect, it } from 'vitest'
import { createConnectionHistory, type HistoryFile } from '../../src/app/connection-history.ts'
import type { CurfewEvent } from '../../src/app/events.ts'
import type { Connection } from '../../src/domain/connection.ts'
import type { HistoryLine } from '../../src/domain/recording/history-line.ts'
import { MINUTE, SECOND } from '../../src/domain/time/instant.ts'
import { connection, ENDPOINT, NOON } from '../domain/build.ts'
import { createManualClock, settled } from './manual-clock.ts'

const endpoint = { id: ENDPOINT, name: 'office', region: 'eu-central-1', account: undefined }

/** The history in memory, on a disk that can be full. */
const setUp = () => {
  const clock = createManualClock(NOON)
  const written: Array<Record<string, unknown>> = []
  const events: CurfewEvent[] = []
  const disk = {
    isGone: false,
    isFull: false,
    delay: Promise.resolve(),
    openDelay: Promise.resolve(),
    /** What the file holds that the history has not read. */
    unread: undefined as readonly HistoryLine[] | undefined,
  }
  const file: HistoryFile = {
    open: async () => {
      await disk.openDelay
      if (disk.isGone) throw new Error('the disk is gone')
      return disk.unread === undefined ? 'known' : 'unread'
    },
    read: async (take) => {
      for (const line of disk.unread ?? []) take(line)
      disk.unread = undefined
    },
    async append(lines) {
      await disk.delay
      if (disk.isFull) throw new Error('the disk is full')
      written.push(...lines.map((line) => JSON.parse(line) as Record<string, unknown>))
    },
    close: async () => {},
  }
  const history = createConnectionHistory({ file, clock, emit: (event) => events.push(event) })
  return {
    clock,
    written,
    events,
    disk,
    history,
    async poll(...connections: readonly Connection[]) {
      await clock.advance(15 * SECOND)
      const snapshot = { endpointId: ENDPOINT, begunAt: clock.now(), completedAt: clock.now(), connections }
      history.observe({ event: 'polled', endpoint, snapshot, at: clock.now() })
      await settled()
    },
    async pollElsewhere() {
      const [endpointId, at] = ['cvpn-endpoint-0fedcba9876543210', clock.now()]
      const snapshot = { endpointId, begunAt: at, completedAt: at, connections: [] }
      history.observe({ event: 'polled', endpoint: { ...endpoint, id: endpointId }, snapshot, at })
      await settled()
    },
    eventsWritten: () => written.map(({ event }) => event),
  }
}

describe('the history of connections', () => {
  it('loses nothing to a full disk that a later snapshot shows, and tells of it once', async () => {
    const { poll, disk, events, eventsWritten } = setUp()
    const [alice, bob] = [connection(), connection()]
    disk.isFull = true
    await poll(alice)
    await poll(alice, bob)
    expect(events).toEqual([{ event: 'unwritable', what: 'history', message: 'the disk is full' }])
    disk.isFull = false
    await poll(alice, { ...bob, status: 'terminated' })
    expect(eventsWritten()).toEqual(['first-seen', 'first-seen', 'gone', 'shown'])
    expect(events.at(-1)).toEqual({ event: 'writable', what: 'history' })
  })

  it('tells of a disk that does not answer, and takes the newest snapshot when it does', async () => {
    const { poll, disk, clock, events, written } = setUp()
    let answer = () => {}
    disk.delay = new Promise((resolve) => {
      answer = resolve
    })
    const rows = [1, 2, 3].map((count) => Array.from({ length: count }, () => connection()))
    for (const connections of rows) await poll(...connections)
    await clock.advance(MINUTE)
    expect(events).toMatchObject([{ event: 'unwritable', what: 'history' }])
    answer()
    await settled()
    expect(written.filter(({ event }) => event === 'first-seen')).toHaveLength(4)
    expect(events.at(-1)).toEqual({ event: 'writable', what: 'history' })
  })

  it('is writable again only once a line is written, not because there was none to write', async () => {
    const { poll, pollElsewhere, disk, events } = setUp()
    await pollElsewhere()
    disk.isFull = true
    for (let polls = 0; polls < 3; polls++) {
      await poll(connection())
      await pollElsewhere()
    }
    expect(events).toEqual([{ event: 'unwritable', what: 'history', message: 'the disk is full' }])
  })

  it('tells of a disk that does not answer at the start', async () => {
    const { poll, disk, clock, events, eventsWritten } = setUp()
    let answer = () => {}
    disk.openDelay = new Promise((resolve) => {
      answer = resolve
    })
    await poll(connection())
    await clock.advance(MINUTE)
    const message = 'the disk has not answered for 1m'
    expect(events).toEqual([{ event: 'unwritable', what: 'history', message }])
    answer()
    await settled()
    expect(eventsWritten()).toEqual(['first-seen', 'shown'])
    expect(events.at(-1)).toEqual({ event: 'writable', what: 'history' })
  })

  it('begins a file anew with the sessions that are up, and repeats nothing that the file holds', async () => {
    const { poll, disk, written } = setUp()
    const [alice, bob, carol] = [connection(), connection(), connection()]
    const left = { ...carol, status: 'terminated' }
    await poll(alice, bob, left)
    written.splice(0)
    disk.unread = [{ event: 'first-seen', time: NOON, connection: bob }]
    await poll(alice, bob, left)
    await poll(alice, bob, left)
    expect(written).toMatchObject([{ event: 'first-seen', connectionId: alice.id }])
  })

  it('is not writable again because the daemon stops', async () => {
    const { poll, disk, events, history } = setUp()
    disk.isGone = true
    await poll(connection())
    await history.close()
    expect(events).toEqual([{ event: 'unwritable', what: 'history', message: 'the disk is gone' }])
  })

  it('writes nothing by a clock that is not trusted', async () => {
    const { poll, clock, written } = setUp()
    clock.distrust()
    await poll(connection())
    expect(written).toEqual([])
  })

  it('tells at the stop when the connections that are up were last shown', async () => {
    const { poll, clock, history, written } = setUp()
    const alice = connection()
    await poll(alice)
    await poll(alice)
    const at = new Date(clock.now()).toISOString()
    await history.close()
    expect(written.at(-1)).toMatchObject({ event: 'shown', time: at, connections: 1 })
  })
})
