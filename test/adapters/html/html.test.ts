import { describe, expect, it } from 'vitest'
import { html } from '../../../src/adapters/html/html.ts'

describe('a template', () => {
  it('escapes texts in elements and attributes, wherever they stand', () => {
    const hostile = `"><script>alert('1')</script>&amp;`
    const { text } = html`<p title="${hostile}">!${hostile}</p>`
    expect(text.match(/[<>"]/g)?.join('')).toBe('<""><>')
    expect(text).toContain('>!&#34;&#62;&#60;script&#62;')
  })

  it('inserts HTML of other templates as it is, alone or in lists', () => {
    const items = ['a', '<b>'].map((text) => html`<li>${text}</li>`)
    expect(html`<ul>${items}</ul>${html`<hr>`}`.text).toBe('<ul><li>a</li><li>&#60;b&#62;</li></ul><hr>')
  })

  it('refuses what only looks like HTML of a template', () => {
    // @ts-expect-error Only `html` writes HTML.
    expect(() => html`${{ text: '<b>' }}`).toThrow(TypeError)
  })

  it('shows characters that are invisible or turn the direction of the text', () => {
    expect(html`${'a\u202eb\u0000'}`.text).toBe('a\\u202eb\\u0000')
  })

  it('reads escapes in its own text like every template', () => {
    expect(html`<hr>\n${1}`.text).toBe('<hr>\n1')
  })
})
