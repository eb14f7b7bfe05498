import { expect, it } from 'vitest'
import { onAborted } from '../../src/app/on-aborted.ts'

it('hears of a signal once, whether it is aborted before or after', () => {
  const stop = new AbortController()
  const heard: string[] = []
  onAborted(stop.signal, () => heard.push('added before'))
  expect(heard).toEqual([])
  stop.abort()
  onAborted(stop.signal, () => heard.push('added after'))
  stop.abort()
  expect(heard).toEqual(['added before', 'added after'])
})
