import { expect, it } from 'vitest'
import { lastCallWords } from '../../../src/domain/backtest/last-call-words.ts'

it('says when the last call leaves, in whole seconds', () => {
  expect(lastCallWords(0)).toBe('the last call leaves at once at the rate of "termination.rate"')
  expect(lastCallWords(61.2)).toBe('the last call leaves after 1m2s at the rate of "termination.rate"')
})
