import { describe, expect, it } from 'vitest'
import { createJoin } from '../../../src/domain/recording/join.ts'
import { type Within, within } from '../../../src/domain/recording/within.ts'
import { ENDPOINT } from '../build.ts'
import { at, begin, end, shownAt } from './record.ts'

const OTHER = 'cvpn-endpoint-0fedcba9876543210'

const recording = () => {
  const join = createJoin()
  const records = [
    [begin('early', '6:00'), end('early', '6:00', '8:00')],
    [begin('long', '7:00', { endpointId: OTHER }), end('long', '7:00', '15:00', { endpointId: OTHER })],
    [begin('short', '8:00'), end('short', '8:00', '8:00')],
    [begin('late', '12:00'), shownAt('18:00')],
  ].flat()
  for (const record of records) join.add(record)
  return join.recording()
}

describe('the part of a recording', () => {
  it.each<[string, Within, string[]]>([
    ['everything', {}, ['early', 'long', 'short', 'late']],
    ['from the end of a session', { from: at('8:00') }, ['long', 'short', 'late']],
    ['from a millisecond before it', { from: at('8:00') - 1 }, ['early', 'long', 'short', 'late']],
    ['from after a session of no length', { from: at('8:00') + 1 }, ['long', 'late']],
    ['to the begin of a session', { to: at('12:00') }, ['early', 'long', 'short']],
    ['to a millisecond after it', { to: at('12:00') + 1 }, ['early', 'long', 'short', 'late']],
    ['a period inside a session', { from: at('9:00'), to: at('10:00') }, ['long']],
    ['an endpoint', { endpoints: [OTHER] }, ['long']],
    ['two endpoints', { endpoints: [OTHER, ENDPOINT] }, ['early', 'long', 'short', 'late']],
    ['no endpoint', { endpoints: [] }, []],
  ])('%s', (_case, asked, ids) => {
    const whole = recording()
    const part = within(whole, asked)
    expect(part.sessions.map(({ connectionId }) => connectionId)).toEqual(ids)
    expect(part).toMatchObject({ from: asked.from ?? at('6:00'), to: asked.to ?? at('18:00') })
    const over = whole.sessions.filter((one) => part.replayed?.includes(one) && !part.sessions.includes(one))
    for (const { endedAt } of over) expect(endedAt).toBeLessThanOrEqual(part.from)
    for (const session of part.sessions) expect(whole.sessions).toContain(session)
  })
})
