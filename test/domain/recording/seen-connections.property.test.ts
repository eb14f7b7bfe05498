import fc from 'fast-check'
import { expect, it } from 'vitest'
import type { Connection } from '../../../src/domain/connection.ts'
import {
  type GoneLine,
  type HistoryLine,
  historyText,
  readHistoryLine,
} from '../../../src/domain/recording/history-line.ts'
import { createJoin } from '../../../src/domain/recording/join.ts'
import { recordOf } from '../../../src/domain/recording/log-record.ts'
import { createSeenConnections } from '../../../src/domain/recording/seen-connections.ts'
import { type Instant, MINUTE, SECOND } from '../../../src/domain/time/instant.ts'
import { fuzzRuns } from '../../fuzz-runs.ts'
import { connection, NOON, PLACE } from '../build.ts'

/** What happens between two polls to the connection of one of two people, to a poll, or to the daemon. */
const happening = fc.record({
  what: fc.oneof(
    { weight: 4, arbitrary: fc.constant('connects') },
    { weight: 3, arbitrary: fc.constant('leaves') },
    { weight: 2, arbitrary: fc.constant('is ended by Curfew') },
    { weight: 5, arbitrary: fc.constant('is skipped by a page') },
    { weight: 8, arbitrary: fc.constant('poll') },
    { weight: 2, arbitrary: fc.constant('poll that is not complete') },
    { weight: 2, arbitrary: fc.constant('poll with a full disk') },
    { weight: 2, arbitrary: fc.constant('restart') },
    { weight: 3, arbitrary: fc.constant('restart after an hour and more') },
  ),
  who: fc.nat(1),
})

/** Its end is only learned after a restart, and the last snapshot before it was one that did not show the connection. */
const LAST_SEEN = ['connects', 'poll', 'leaves', 'is skipped by a page', 'poll', 'restart after an hour and more'].map(
  (what) => ({ what, who: 0 }),
)

interface Real {
  readonly row: Connection
  readonly by: 'curfew' | 'unknown'
  readonly endedAt: Instant | undefined
}

/** AWS lists a connection for an hour after its end. */
const LISTED_MS = 60 * MINUTE

const goneIn = (lines: readonly HistoryLine[]) => lines.filter((line): line is GoneLine => line.event === 'gone')

it('each connection begins once and ends once, over restarts, failed reads, full disks and pages that move', () => {
  fc.assert(
    fc.property(fc.array(happening, { maxLength: 40 }), (happenings) => {
      const world = new Map<string, Real>()
      /** The newest connection of each person. */
      const newest = new Map<number, string>()
      /** The list moves while it is read, but a connection that is up is not skipped twice running. */
      const skipped = new Set<string>()
      let skippedBefore = new Set<string>()
      /** Ended by Curfew, and a restart came before the end was in the history. */
      const forgotten = new Set<string>()
      const file: HistoryLine[] = []
      const everShown = new Set<string>()
      let seen = createSeenConnections()
      let now = NOON

      const end = (who: number, by: Real['by']) => {
        const id = newest.get(who)
        const real = id === undefined ? undefined : world.get(id)
        if (id === undefined || real === undefined || real.endedAt !== undefined) return
        world.set(id, { ...real, by, endedAt: now })
        if (by === 'curfew') seen.claim(id, { policy: 'daily', reason: 'session-age' }, now)
      }
      const poll = (isWritten: boolean) => {
        const listed = [...world].filter(
          ([id, { endedAt }]) => !skipped.has(id) && (endedAt === undefined || now - endedAt < LISTED_MS),
        )
        skippedBefore = new Set(skipped)
        skipped.clear()
        const connections = listed.map(([, { row, endedAt }]) =>
          endedAt === undefined ? row : { ...row, status: 'terminated', endedAt },
        )
        const look = seen.look({ begunAt: now, connections })
        look.read(0, 3)
        look.read(3, look.length)
        const additions = look.end()
        if (!isWritten) return
        for (const [id] of listed) everShown.add(id)
        file.push(...additions.flatMap(({ lines }) => lines))
        seen.written(additions)
        const shown = seen.shownLine(PLACE)
        if (shown !== undefined) file.push(shown)
      }
      const restart = () => {
        seen = createSeenConnections()
        const known = new Set(goneIn(file).map(({ connection: { id } }) => id))
        for (const [id, { by }] of world) if (by === 'curfew' && !known.has(id)) forgotten.add(id)
        for (const line of file) {
          const read = readHistoryLine(JSON.parse(historyText(line)))
          expect(read).toEqual(line)
          seen.replay(line)
        }
      }

      for (const { what, who } of happenings) {
        now += 15 * SECOND
        const id = newest.get(who)
        if (what === 'connects') {
          end(who, 'unknown')
          const row = connection({ username: `person-${who}`, establishedAt: now })
          newest.set(who, row.id)
          world.set(row.id, { row, by: 'unknown', endedAt: undefined })
        }
        if (what === 'leaves') end(who, 'unknown')
        if (what === 'is ended by Curfew') end(who, 'curfew')
        if (what === 'is skipped by a page' && id !== undefined && !skippedBefore.has(id)) skipped.add(id)
        if (what === 'poll') poll(true)
        if (what === 'poll with a full disk') poll(false)
        if (what === 'restart') restart()
        if (what === 'restart after an hour and more') {
          now += LISTED_MS
          restart()
        }
      }
      skipped.clear()
      for (let polls = 0; polls < 3; polls++) {
        now += 15 * SECOND
        poll(true)
      }

      const [firsts, gone] = [file.filter(({ event }) => event === 'first-seen'), goneIn(file)]
      const idsOf = (lines: readonly HistoryLine[]) =>
        lines.flatMap((line) => (line.event === 'shown' ? [] : [line.connection.id]))
      expect(idsOf(firsts).toSorted()).toEqual([...everShown].toSorted())
      const over = [...everShown].filter((one) => world.get(one)?.endedAt !== undefined)
      expect(idsOf(gone).toSorted()).toEqual(over.toSorted())
      for (const { connection: row, time, lastSeenAt, endedBy } of gone) {
        const { endedAt, by } = world.get(row.id) ?? expect.fail('no such connection')
        expect(time).toBeGreaterThanOrEqual(endedAt ?? 0)
        // Not later than the truth, and not earlier than what is in the file.
        expect(lastSeenAt ?? 0).toBeLessThanOrEqual(endedAt ?? 0)
        expect(row.endedAt ?? endedAt).toBe(endedAt)
        expect(endedBy.by).toBe(forgotten.has(row.id) ? 'unknown' : by)
      }

      const join = createJoin()
      for (const line of file) {
        const record = recordOf(JSON.parse(historyText(line)))
        if ('problem' in record) expect.fail(record.problem)
        else join.add(record)
      }
      const { sessions, contradictions } = join.recording()
      expect(sessions.map(({ connectionId }) => connectionId).toSorted()).toEqual([...everShown].toSorted())
      expect(Object.values(contradictions).every((count) => count === 0)).toBe(true)
      for (const { connectionId, establishedAt, end, endedAt } of sessions) {
        const real = world.get(connectionId) ?? expect.fail('no such connection')
        expect(establishedAt).toBe(real.row.establishedAt)
        if (real.endedAt === undefined) expect(end).toBe('open')
        if (end === 'recorded') expect(endedAt).toBe(real.endedAt)
        if (end === 'last-update') expect(endedAt).toBeLessThanOrEqual(real.endedAt ?? 0)
      }
    }),
    { numRuns: fuzzRuns(1000), examples: [[LAST_SEEN]] },
  )
})
