import { describe, expect, it } from 'vitest'
import { faultText } from '../../src/app/fault.ts'

describe('an exception that no part expects', () => {
  it('is one line with its message and place', () => {
    const text = faultText(new RangeError('Forbidden ICU TimeZone'))
    expect(text).toContain('RangeError: Forbidden ICU TimeZone')
    expect(text).toMatch(/fault\.test\.ts:\d+:\d+/)
    expect(text.split('\n')).toHaveLength(1)
  })

  it('may be any thrown value', () => {
    expect(faultText('no error')).toContain('no error')
  })
})
