import { describe, expect, it } from 'vitest'
import { nearest, suggestion } from '../../src/config/yaml/nearest.ts'
import { knownTimeZones } from '../../src/domain/time/time-window.ts'

describe('the nearest word', () => {
  it.each([
    ['grce', ['name', 'grace', 'mode'], 'grace'],
    ['Grace', ['grace'], 'grace'],
    ['maxage', ['match', 'maxAge'], 'maxAge'],
    ['off-hour', ['off-hours', 'banned-users'], 'off-hours'],
    ['Europe/Berln', knownTimeZones(), 'Europe/Berlin'],
    ['conn', ['completion', 'connections'], 'connections'],
    ['outptu', ['output'], 'output'],
    ['tset', ['test'], 'test'],
    ['europe/berlin', ['Europe/Berlin'], 'Europe/Berlin'],
  ])('is found for %s', (written, known, meant) => {
    expect(nearest(written, known)).toBe(meant)
  })

  it.each([
    ['bedtime', ['grace', 'mode', 'match']],
    ['x', ['name']],
    ['', ['name']],
    ['n', ['number']],
    ['co', ['completion', 'connections']],
    ['tcsh', ['bash', 'zsh']],
    ['list', ['test']],
    ['lint', ['init']],
    ['shell', ['help']],
    ['grace', []],
    ['grace', ['grace']],
    ['y'.repeat(100_000), ['y'.repeat(100_001)]],
  ])('does not exist for %.20s', (written, known) => {
    expect(nearest(written, known)).toBeUndefined()
    expect(suggestion(written, known)).toBe('')
  })

  it('is suggested as a question', () => {
    expect(suggestion('mod', ['mode'])).toBe('; did you mean "mode"?')
  })
})
