import { describe, expect, it } from 'vitest'
import { quotedName, shownName } from '../../src/domain/names/shown-name.ts'

describe('a name for a reader', () => {
  it.each([
    'alice',
    'CORP\\tom',
    'Mary Ann',
    'José',
    'yıldız@corp.example',
    'иван@corp.example',
    '李雷-test',
    'a_b.example#EXT#@corp.example',
    '(no name)',
  ])('is itself if it is what it looks like: %s', (name) => {
    expect(shownName(name)).toBe(name)
  })

  it.each([
    ['mallory ', '"mallory "'],
    [' CORP\\mallory', '" CORP\\\\mallory"'],
    ['mallory\u00a0', String.raw`"mallory\u00a0"`],
    ['mary\u00a0jane', String.raw`"mary\u00a0jane"`],
    ['mal\u200blory', String.raw`"mal\u200blory"`],
    ['mallory\u3164', String.raw`"mallory\u3164"`],
    ['mаllory', String.raw`"m\u0430llory"`],
    ['МаLLory@corp.example', String.raw`"\u041c\u0430LLory@corp.example"`],
    ['"alice"', String.raw`"\"alice\""`],
  ])('is in quotes if it is not: %j', (name, shown) => {
    expect(shownName(name)).toBe(shown)
    expect(JSON.parse(shownName(name))).toBe(name)
  })

  it('is in quotes where it stands in a sentence', () => {
    expect(quotedName('CORP\\tom')).toBe('"CORP\\tom"')
    expect(quotedName('mаllory')).toBe(String.raw`"m\u0430llory"`)
  })
})
