import { describe, expect, it } from 'vitest'
import type { Verdict } from '../../src/domain/judge/verdict.ts'
import type { EndpointView } from '../../src/domain/judge/view.ts'
import { OUTCOMES } from '../../src/domain/terminate/termination.ts'
import { tableAfter } from './pages.ts'

const GLOSSARY = 'docs/glossary.md'
const SECTIONS = [
  '## Who and what',
  '## What Curfew sees',
  '## What a policy says',
  '## What the guard does',
  '## How a connection ends',
  '## How replicas share the work',
  '## What is kept',
]

const meanings = new Map(
  SECTIONS.flatMap((heading) => tableAfter(GLOSSARY, heading)).map(([word = '', meaning = '']) => [word, meaning]),
)

/** The compiler asks for every word of a verdict, and for every view. */
const VERDICTS = Object.keys({
  'not-matched': true,
  exempt: true,
  unknown: true,
  fine: true,
  violated: true,
} satisfies Record<Verdict['word'], true>)
const VIEWS = Object.keys({ unseen: true, fresh: true, stale: true, blind: true, retired: true } satisfies Record<
  EndpointView['state'],
  true
>)

const code = (word: string) => `\`${word}\``

describe('the glossary', () => {
  it('gives the words of CONTRIBUTING their meaning there', () => {
    const words = tableAfter('CONTRIBUTING.md', '## Words')
    expect(words.length).toBeGreaterThan(15)
    expect(words.map(([word = '']) => [word, meanings.get(word)])).toEqual(
      words.map(([word, meaning]) => [word, meaning]),
    )
  })

  it('has every word of a verdict', () => {
    expect(VERDICTS.map(code).filter((word) => !meanings.has(word))).toEqual([])
  })

  it('names every view of an endpoint and every outcome of a termination', () => {
    expect(VIEWS.filter((view) => !meanings.get('view')?.includes(code(view)))).toEqual([])
    expect(OUTCOMES.filter((outcome) => !meanings.get('outcome')?.includes(code(outcome)))).toEqual([])
  })
})
