import { describe, expect, it } from 'vitest'
import { createRecentEvents } from '../../../src/adapters/log/recent-events.ts'
import { MINUTE } from '../../../src/domain/time/instant.ts'
import { createManualClock } from '../../app/manual-clock.ts'
import { NOON } from '../../domain/build.ts'
import { EVENTS, VIOLATION } from './events.ts'

const start = (names: boolean) => {
  const clock = createManualClock(NOON)
  const recent = createRecentEvents({ names, clock })
  return { ...recent, clock, texts: () => recent.all().map(({ text }) => text) }
}

describe('the recent events', () => {
  it.each(Object.values(EVENTS))('name nobody in $event, unless names are shown', (emitted) => {
    const { observe, texts } = start(false)
    observe(emitted)
    expect(texts().join()).not.toMatch(/alice|trudy|bob|cvpn-connection/)
  })

  it('have no text of AWS, unless names are shown', () => {
    const told = { message: 'the caller alice may not', nameless: 'the caller may not' }
    for (const names of [false, true]) {
      const { observe, texts } = start(names)
      observe({ ...EVENTS['poll-failed'], ...told })
      observe({ ...EVENTS.blind, because: told.message, nameless: told.nameless })
      observe({ ...EVENTS['discovery-failed'], ...told })
      observe({ ...EVENTS['tags-unread'], ...told })
      for (const text of texts()) expect(text).toContain(names ? told.message : told.nameless)
    }
  })

  it('have the messages of the log if names are shown', () => {
    const { observe, all } = start(true)
    observe(EVENTS.violation)
    expect(all()).toMatchObject([{ at: NOON, level: 'info', event: 'violation' }])
    expect(all()[0]?.text).toContain('"alice" on office')
  })

  it('are the last twenty, the newest first', () => {
    const { observe, texts } = start(true)
    for (let count = 1; count <= 30; count++) {
      observe({ ...EVENTS.violation, violation: { ...VIOLATION, policy: `policy-${count}` } })
    }
    expect(texts()).toHaveLength(20)
    expect(texts()[0]).toContain('"policy-30"')
    expect(texts()[19]).toContain('"policy-11"')
  })

  it('count equal events that happen together', async () => {
    const { observe, texts, clock } = start(false)
    for (let count = 0; count < 1000; count++) {
      const violation = { ...VIOLATION, connectionId: `cvpn-connection-${count}` }
      observe({ ...EVENTS.violation, violation })
      observe({ ...EVENTS.termination, violation })
    }
    expect(texts()).toEqual([
      '1000 connections on office were ended, and a later answer of AWS proves it: policy "daily"',
      '1000 connections on office must end: policy "daily"',
    ])
    await clock.advance(11 * MINUTE)
    observe(EVENTS.violation)
    expect(texts()[0]).toBe('a connection on office must end: policy "daily"')
    expect(texts()).toHaveLength(3)
  })

  it('are joined with names too, so that a hold stays in the list, and name a few people', () => {
    const { observe, texts } = start(true)
    observe(EVENTS.held)
    for (let count = 1; count <= 100; count++) {
      const violation = { ...VIOLATION, connectionId: `cvpn-connection-${count}`, username: `user-${count}` }
      observe({ ...EVENTS.violation, violation })
    }
    expect(texts()).toHaveLength(2)
    expect(texts()[0]).toBe(
      '100 connections on office must end: policy "daily" ("user-1", "user-2", "user-3" and 97 more)',
    )
    expect(texts()[1]).toContain('HELD by the guard')
  })

  it('count connections, however often each is warned of', () => {
    const { observe, texts } = start(false)
    for (let count = 0; count < 9; count++) observe(EVENTS.warning)
    expect(texts()).toEqual(['a connection on office will soon be ended by policy "daily"'])
  })

  it('count extensions, and say what became of calls', () => {
    const { observe, texts } = start(false)
    for (const connectionId of ['one', 'two'])
      observe({ ...EVENTS.extended, violation: { ...VIOLATION, connectionId } })
    observe({ ...EVENTS['extension-refused'], why: 'unrecorded' })
    for (const outcome of ['malformed', 'denied'] as const)
      observe({ ...EVENTS['call-answered'], outcome, message: 'no', nameless: 'no' })
    expect(texts()).toEqual([
      'AWS did not accept a terminate call on office: denied',
      'a terminate call on office got no usable answer (malformed): AWS may have carried it out',
      'an extension under policy "daily" was not granted: the log says why',
      '2 connections on office were extended by their users: policy "daily"',
    ])
  })

  it('name a single unit, and count the units of a takeover by how their tenures ended', () => {
    for (const names of [false, true]) {
      const { observe, texts } = start(names)
      observe(EVENTS['tenure-began'])
      expect(texts()[0]).toContain('"eu-central-1 111122223333"')
      observe({ ...EVENTS['tenure-began'], epoch: 5 })
      expect(texts()).toHaveLength(1)
      expect(texts()[0]).toContain('in tenure 5')
      // Each unit comes and goes three times.
      for (let epoch = 0; epoch < 90; epoch++) {
        const unit = `eu-central-1 ${epoch % 30}`
        observe({ ...EVENTS['tenure-began'], unit, epoch })
        observe({ ...EVENTS['tenure-ended'], unit, epoch })
        observe({ ...EVENTS['tenure-ended'], unit, epoch, how: 'lost' })
      }
      expect(texts()).toEqual([
        'this replica no longer holds 30 units: the database may have given them to another replica',
        'this replica no longer holds 30 units: it gave them back',
        'this replica has taken 31 units',
      ])
    }
  })

  it('leave out what the log has below the level info', () => {
    const { observe, texts } = start(false)
    for (const name of [
      'polled',
      'decided',
      'queue',
      'accepted',
      'audit-head',
      'engine-beat',
      'extension-refused',
    ] as const)
      observe(EVENTS[name])
    expect(texts()).toEqual([])
  })
})
