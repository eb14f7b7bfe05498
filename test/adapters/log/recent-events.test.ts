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
      observe({ ...EVENTS.violation, violation: { ...VIOLATION, username: `user-${count}` } })
    }
    expect(texts()).toHaveLength(20)
    expect(texts()[0]).toContain('"user-30"')
    expect(texts()[19]).toContain('"user-11"')
  })

  it('count equal events that happen together', async () => {
    const { observe, texts, clock } = start(false)
    for (let count = 0; count < 1000; count++) {
      observe(EVENTS.violation)
      observe(EVENTS.termination)
    }
    expect(texts()).toEqual([
      '1000 connections on office were ended, and a later snapshot proves it: policy "daily"',
      '1000 connections on office must end: policy "daily"',
    ])
    await clock.advance(11 * MINUTE)
    observe(EVENTS.violation)
    expect(texts()[0]).toBe('a connection on office must end: policy "daily"')
    expect(texts()).toHaveLength(3)
  })

  it('leave out what the log has below the level info', () => {
    const { observe, texts } = start(false)
    for (const name of ['polled', 'decided', 'queue', 'accepted', 'audit-head'] as const) observe(EVENTS[name])
    expect(texts()).toEqual([])
  })
})
