import { describe, expect, it } from 'vitest'
import { type Call, type Grant, type Intent, judgeCalls } from './judge-calls.ts'

const UNIT = 'eu-central-1 own'
const grant = (epoch: number, key: string, grantedAt: number): Grant => ({ unit: UNIT, epoch, key, grantedAt })
const about = { unit: UNIT, endpointId: 'endpoint', connectionId: 'connection', username: undefined }
const intent = (epoch: number, callId: string, committedAt: number): Intent => ({
  ...about,
  epoch,
  callId,
  committedAt,
})
const call = (key: string, arrivedAt: number): Call => ({ ...about, key, arrivedAt })
const alive = () => undefined

describe('the judge of calls', () => {
  it('accepts a call after its intent, and the call of the successor after its own', () => {
    const grants = [grant(1, 'a', 0), grant(2, 'b', 100)]
    const intents = [intent(1, 'one', 10), intent(2, 'two', 110)]
    expect(judgeCalls([call('a', 20), call('b', 120)], grants, intents, alive)).toEqual([])
  })

  it('refuses a call before its intent is committed', () => {
    expect(judgeCalls([call('a', 20)], [grant(1, 'a', 0)], [intent(1, 'one', 30)], alive)).toHaveLength(2)
  })

  it('refuses a second call on one intent', () => {
    const mistakes = judgeCalls([call('a', 20), call('a', 21)], [grant(1, 'a', 0)], [intent(1, 'one', 10)], alive)
    expect(mistakes).toEqual([expect.stringContaining('call 2 of a')])
  })

  it('refuses a call of the old tenure after the new one was granted, unless its process was killed before', () => {
    const grants = [grant(1, 'a', 0), grant(2, 'b', 100)]
    const late = [call('a', 101)]
    expect(judgeCalls(late, grants, [intent(1, 'one', 10)], alive)).toEqual([expect.stringContaining('epoch 2')])
    expect(judgeCalls(late, grants, [intent(1, 'one', 10)], () => 99)).toEqual([])
  })

  it('refuses a call of the successor that has only the intent of its predecessor', () => {
    const grants = [grant(1, 'a', 0), grant(2, 'b', 100)]
    expect(judgeCalls([call('b', 110)], grants, [intent(1, 'one', 10)], alive)).toEqual([
      expect.stringContaining('in its epoch'),
    ])
  })
})
