import { describe, expect, it } from 'vitest'
import { answerOf } from '../../../src/domain/door/answer.ts'
import { fits, fitted } from '../../../src/domain/door/answer-text.ts'
import { createDoor } from '../../../src/domain/door/door.ts'
import { requestOf, SCHEMA_VERSIONS } from '../../../src/domain/door/request.ts'
import { NOON, policy } from '../build.ts'
import { flawOf } from './answer-schema.ts'
import { doorRules } from './door-rules.ts'
import { judged } from './judged.ts'
import { request } from './requests.ts'

const decisionBy = (mode: 'audit' | 'enforce', statuses: readonly string[] = []) =>
  judged(
    createDoor(
      doorRules([policy('banned-users', { users: ['alice'] })], {
        mode,
        posture: statuses.map((status) => ({ status, match: undefined })),
      }),
    ).decide(requestOf(request()), undefined, NOON),
  )

describe('an answer', () => {
  it('has the field for the text that its version has', () => {
    const denied = decisionBy('enforce', ['managed'])
    const text = 'Your VPN access is blocked. Ask the administrators of the VPN if you need access.'
    expect(answerOf(denied, 'v1')).toEqual({
      allow: false,
      'error-msg-on-failed-posture-compliance': text,
      'posture-compliance-statuses': ['managed'],
      'schema-version': 'v1',
    })
    expect(answerOf(denied, 'v2')).toEqual({
      allow: false,
      'error-msg-on-denied-connection': text,
      'posture-compliance-statuses': ['managed'],
      'schema-version': 'v2',
    })
    expect(answerOf(denied, 'v3')).toEqual({ ...answerOf(denied, 'v2'), 'schema-version': 'v3' })
  })

  it('is valid in each version, whatever is decided', () => {
    for (const version of SCHEMA_VERSIONS) {
      for (const decided of ['allow', 'deny', decisionBy('audit'), decisionBy('enforce')] as const) {
        expect(flawOf(answerOf(decided, version), version)).toBeUndefined()
      }
    }
  })

  it('allows in audit mode, and on an error as its operator says', () => {
    expect(answerOf(decisionBy('audit'), 'v3')).toMatchObject({ allow: true, 'error-msg-on-denied-connection': '' })
    expect(answerOf('allow', 'v3')).toMatchObject({ allow: true, 'posture-compliance-statuses': [] })
    expect(answerOf('deny', 'v3').allow).toBe(false)
  })

  it('has the statuses by which the door judged, and none that AWS would refuse', () => {
    const refused = ['a'.repeat(256), 'é'.repeat(128), '', 'a\nb', ' a', 'a  b', 'a\u00a0b']
    const decision = decisionBy('enforce', [...refused, 'é'.repeat(127), ...'abcaadefghijkl'.split('')])
    const sent = ['é'.repeat(127), ...'abcdefghi'.split('')]
    expect(answerOf(decision, 'v3')['posture-compliance-statuses']).toEqual(sent)
    expect(decision).toMatchObject({ connection: { posture: sent } })
  })
})

describe('a text that AWS accepts', () => {
  it.each([
    ['255 bytes', 'a'.repeat(255), 'a'.repeat(255)],
    ['256 bytes', 'a'.repeat(256), `${'a'.repeat(252)}…`],
    ['words', 'four '.repeat(60), `${'four '.repeat(49)}four…`],
    ['a word that ends at the limit', `${'a'.repeat(252)} b c`, `${'a'.repeat(252)}…`],
    ['letters of two bytes', 'é'.repeat(128), `${'é'.repeat(126)}…`],
    ['letters of Thai, which have three bytes', 'ก'.repeat(86), `${'ก'.repeat(84)}…`],
    ['a letter with marks', `${'a'.repeat(250)}e\u0301\u0302\u0303 `.repeat(2), `${'a'.repeat(250)}…`],
    ['a family', '👩‍👩‍👧‍👦'.repeat(20), `${'👩‍👩‍👧‍👦'.repeat(10)}…`],
    ['a flag', `${'a'.repeat(247)}🇩🇪🇫🇷`, `${'a'.repeat(247)}…`],
    ['lines and tabs', ' one\r\n\ttwo\u2028three\u0000four ', 'one two three four'],
    ['half a character', 'a\ud83d b', 'a b'],
    ['nothing', ' \n ', ''],
  ])('is made of %s', (_, text, made) => {
    expect(fitted(text)).toBe(made)
    expect(fitted(made)).toBe(made)
    expect(fits(text)).toBe(text === made && made !== '')
  })
})
