import { describe, expect, it } from 'vitest'
import { labelsOf } from '../../../src/adapters/report/labels.ts'

describe('the labels of a chart', () => {
  it('are the names where these are short', () => {
    expect(labelsOf(['daily', 'carol@corp.example'])).toEqual(['daily', 'carol@corp.example'])
  })

  it('have the begin and the end of a long name', () => {
    expect(
      labelsOf([
        'contractors-of-the-second-warehouse-in-the-north',
        'contractors-of-the-second-warehouse-in-the-south',
      ]),
    ).toEqual(['contractors-of-the…ouse-in-the-north', 'contractors-of-the…ouse-in-the-south'])
  })

  it('are numbered where they would be the same, also if a name looks like a numbered one', () => {
    const name = (middle: string) => `policy-with-a-rather-long-name-${middle}-and-a-long-end-that-is-the-same`
    const [label = '', ...others] = labelsOf([name('a'), name('b'), name('c')])
    expect(others).toEqual([`${label} (2)`, `${label} (3)`])
    expect(new Set(labelsOf(['x (2)', 'x', 'x'])).size).toBe(3)
  })

  it('do not cut a character in two, and have no invisible one', () => {
    const [label = ''] = labelsOf(['🙂'.repeat(100)])
    expect(label).toBe(`${'🙂'.repeat(18)}…${'🙂'.repeat(17)}`)
    expect(labelsOf(['gnol-\u202eexe'])).toEqual(['gnol-\\u202eexe'])
  })
})
