import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { endText, leftText } from '../../src/domain/time/end-text.ts'
import { DAY, HOUR, MINUTE, SECOND } from '../../src/domain/time/instant.ts'

const BERLIN = 'Europe/Berlin'

describe('the end of a session', () => {
  it.each([
    ['on the same day', '2026-11-23T18:36:00Z', '2026-11-23T18:41:00Z', BERLIN, '19:41'],
    ['with seconds', '2026-11-23T18:36:00Z', '2026-11-23T18:41:59Z', BERLIN, '19:41'],
    ['in UTC', '2026-11-23T18:36:00Z', '2026-11-23T18:41:00Z', 'UTC', '18:41'],
    ['after midnight', '2026-11-23T22:58:00Z', '2026-11-23T23:03:00Z', BERLIN, 'Tue 2026-11-24 00:03'],
    ['after midnight in UTC alone', '2026-11-23T23:58:00Z', '2026-11-24T00:03:00Z', BERLIN, '01:03'],
    ['a week later', '2026-11-23T18:36:00Z', '2026-11-30T18:36:00Z', BERLIN, 'Mon 2026-11-30 19:36'],
    ['in the first of two equal hours', '2026-10-25T00:20:00Z', '2026-10-25T00:30:00Z', BERLIN, '02:30'],
    ['in the second of two equal hours', '2026-10-25T00:50:00Z', '2026-10-25T01:30:00Z', BERLIN, '02:30+01:00'],
    ['after an hour that does not exist', '2026-03-29T00:55:00Z', '2026-03-29T01:05:00Z', BERLIN, '03:05+02:00'],
  ])('%s', (_, now, end, zone, text) => {
    expect(endText(Date.parse(end), Date.parse(now), zone)).toBe(`${text} ${zone}`)
  })

  it('is what Intl shows in any zone, with the date on another day', () => {
    const zones = [BERLIN, 'America/St_Johns', 'Asia/Kathmandu', 'Pacific/Chatham', 'America/New_York', 'UTC']
    const formats = new Map(
      zones.map((timeZone) => [
        timeZone,
        new Intl.DateTimeFormat('en-GB', {
          timeZone,
          year: 'numeric',
          month: '2-digit',
          day: '2-digit',
          weekday: 'short',
          hour: '2-digit',
          minute: '2-digit',
          hourCycle: 'h23',
        }),
      ]),
    )
    const start = Date.UTC(2026, 0, 1)
    const anyInstant = fc.integer({ min: start, max: start + 366 * DAY })
    fc.assert(
      fc.property(anyInstant, fc.integer({ min: 0, max: 2 * DAY }), fc.constantFrom(...zones), (now, ms, zone) => {
        const end = now + ms
        const shown = (instant: number) =>
          Object.fromEntries(
            formats
              .get(zone)
              ?.formatToParts(instant)
              .map(({ type, value }) => [type, value]) ?? [],
          )
        const [{ weekday, year, month, day, hour, minute }, today] = [shown(end), shown(now)]
        const text = endText(end, now, zone)
        expect(text).toContain(`${hour}:${minute}`)
        expect(text.endsWith(` ${zone}`)).toBe(true)
        expect(text.includes(`${weekday} ${year}-${month}-${day} `)).toBe(today.day !== day)
      }),
    )
  })
})

describe('the time that is left', () => {
  it.each([
    [5 * MINUTE, 'in 5 minutes'],
    [5 * MINUTE + 59 * SECOND, 'in 5 minutes'],
    [MINUTE, 'in 1 minute'],
    [MINUTE - 1, 'in less than a minute'],
    [119 * MINUTE, 'in 119 minutes'],
    [2 * HOUR + 30 * MINUTE + 20 * SECOND, 'in 2h30m'],
  ])('of %d ms is %s', (ms, text) => {
    expect(leftText(ms)).toBe(text)
  })
})
