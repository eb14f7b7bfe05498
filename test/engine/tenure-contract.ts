import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { ReplayedRecord } from '../../src/app/audit.ts'
import { EMPTY_STATE } from '../../src/app/state.ts'
import type { Tenure } from '../../src/app/tenure.ts'
import { audited, intent, outcome } from '../adapters/audit/replayed-records.ts'
import { WHOLE_STATE } from '../adapters/files/whole-state.ts'

/** A tenure that a process was granted. */
export interface Taken {
  readonly tenure: Tenure
  /** Ends the work, as a daemon that was asked to stop does. */
  giveBack(): Promise<void>
  /** Lets another process have the unit, without a word to this one. Resolves once this one has found out. */
  lose(): Promise<void>
}

/** One unit that several processes want. */
export interface Place extends AsyncDisposable {
  /** Undefined where another process holds the unit. */
  tryTake(): Promise<Taken | undefined>
  /** The lines of the trail, by whoever wrote them. */
  lines(): Promise<readonly string[]>
}

const AT = Date.UTC(2026, 10, 29, 8)

const replayed = async ({ replay }: Tenure): Promise<readonly ReplayedRecord[]> => {
  const records: ReplayedRecord[] = []
  await replay(
    () => 0,
    (record) => records.push(record),
  )
  return records
}

/** What a daemon may rely on, whatever keeps its trail and its state. */
export const tenureContract = (engine: string, open: () => Promise<Place>) => {
  describe(`a tenure on ${engine}`, () => {
    let place: Place
    beforeEach(async () => {
      place = await open()
    })
    afterEach(() => place[Symbol.asyncDispose]())

    const take = async (): Promise<Taken> => {
      const taken = await place.tryTake()
      if (taken === undefined) throw new Error('the unit is held by another process')
      return taken
    }

    it('begins with an empty trail and no state', async () => {
      const { tenure, giveBack } = await take()
      expect(tenure.trail.head()).toEqual({ seq: 0, hash: '0'.repeat(64) })
      expect(await tenure.store.load()).toEqual({ state: EMPTY_STATE, setAside: undefined })
      expect(await replayed(tenure)).toEqual([])
      expect([tenure.holds(), tenure.lost.aborted, tenure.asked.aborted]).toEqual([true, false, false])
      await giveBack()
    })

    it('has one holder at a time', async () => {
      const one = await take()
      expect(await place.tryTake()).toBeUndefined()
      expect(one.tenure.holds()).toBe(true)
      await one.giveBack()
      const two = await take()
      expect(two.tenure.holds()).toBe(true)
      await two.giveBack()
    })

    it('writes records in the order of the calls, and its head follows', async () => {
      const { tenure, giveBack } = await take()
      const { trail } = tenure
      await Promise.all([trail.write([intent('a', AT), audited('b', AT)]), trail.write([outcome('a', AT + 1)])])
      expect(trail.head().seq).toBe(3)
      expect(await trail.held()).toBe(true)
      const lines = await place.lines()
      expect(lines.map((line) => /"event":"([a-z-]+)"/.exec(line)?.[1])).toEqual(['intent', 'would-end', 'outcome'])
      await giveBack()
    })

    it('passes its trail and its state on to the next one', async () => {
      const one = await take()
      await one.tenure.trail.write([intent('a', AT), audited('b', AT), outcome('a', AT + 1)])
      await one.tenure.store.save(WHOLE_STATE)
      const head = one.tenure.trail.head()
      await one.giveBack()
      const { tenure, giveBack } = await take()
      expect(tenure.trail.head()).toEqual(head)
      expect(tenure.epoch).toBeGreaterThan(one.tenure.epoch)
      expect(await replayed(tenure)).toEqual([intent('a', AT), outcome('a', AT + 1)])
      expect((await tenure.store.load()).state).toEqual(WHOLE_STATE)
      await tenure.trail.write([intent('c', AT + 2)])
      expect(tenure.trail.head().seq).toBe(4)
      await giveBack()
    })

    it('writes nothing more once it has ended', async () => {
      const { tenure, giveBack } = await take()
      await tenure.trail.write([audited('a', AT)])
      await giveBack()
      await expect(tenure.trail.write([intent('b', AT)])).rejects.toMatchObject({ code: 'unwritable' })
      expect(await place.lines()).toHaveLength(1)
    })

    it('notices that it is lost, and writes no record from then on', async () => {
      const { tenure, lose, giveBack } = await take()
      await tenure.trail.write([audited('a', AT)])
      await lose()
      expect([tenure.holds(), tenure.lost.aborted]).toEqual([false, true])
      await expect(tenure.trail.write([intent('b', AT)])).rejects.toMatchObject({ code: 'unwritable' })
      expect(await tenure.trail.held()).toBe(false)
      expect(await place.lines()).toHaveLength(1)
      await giveBack()
    })

    it('does not replace the state of a later one after its loss', async () => {
      const one = await take()
      await one.tenure.store.save(EMPTY_STATE)
      await one.lose()
      await expect(one.tenure.store.save(WHOLE_STATE, () => one.tenure.trail.held())).rejects.toThrow(
        'was not replaced',
      )
      await one.giveBack()
    })
  })
}
