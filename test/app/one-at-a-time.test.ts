import { describe, expect, it } from 'vitest'
import { createOneAtATime } from '../../src/app/one-at-a-time.ts'
import { settled } from './manual-clock.ts'

const setUp = () => {
  const inTurn = createOneAtATime()
  const begun: string[] = []
  const ends = new Map<string, { end: () => void; fail: (error: Error) => void }>()
  const begin = (name: string, leave = new AbortController().signal) =>
    inTurn(() => {
      begun.push(name)
      return new Promise<void>((end, fail) => ends.set(name, { end, fail }))
    }, leave)
  return { begin, begun, ends }
}

describe('works that run one at a time', () => {
  it('begin in the order in which they were given, the first at once', async () => {
    const { begin, begun, ends } = setUp()
    const all = ['a', 'b', 'c'].map((name) => begin(name))
    expect(begun).toEqual(['a'])
    ends.get('a')?.end()
    await settled()
    expect(begun).toEqual(['a', 'b'])
    ends.get('b')?.end()
    await settled()
    ends.get('c')?.end()
    await Promise.all(all)
    expect(begun).toEqual(['a', 'b', 'c'])
  })

  it('go on after one that fails, which fails for its giver alone', async () => {
    const { begin, begun, ends } = setUp()
    const failing = begin('a')
    const next = begin('b')
    ends.get('a')?.fail(new Error('no room'))
    await expect(failing).rejects.toThrow('no room')
    await settled()
    ends.get('b')?.end()
    await next
    expect(begun).toEqual(['a', 'b'])
  })

  it('never begin once they are to leave, and hold nobody up', async () => {
    const { begin, begun, ends } = setUp()
    const leave = new AbortController()
    void begin('a')
    const leaving = begin('b', leave.signal)
    void begin('c')
    leave.abort()
    await leaving
    await begin('d', leave.signal)
    ends.get('a')?.end()
    await settled()
    expect(begun).toEqual(['a', 'c'])
  })
})
