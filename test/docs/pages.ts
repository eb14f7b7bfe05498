import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

/** Every page for people, as paths from the repository's root. */
export const PAGES = [
  'README.md',
  'CONTRIBUTING.md',
  'SECURITY.md',
  'AGENTS.md',
  ...readdirSync('docs', { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.md'))
    .map((name) => join('docs', name)),
]

/** A fenced block of a page. `line` is the line of its opening fence, counted from 1. */
export interface Block {
  readonly page: string
  readonly line: number
  readonly language: string
  readonly text: string
}

export const blocks = PAGES.flatMap((page): Block[] => {
  const text = readFileSync(page, 'utf8')
  return [...text.matchAll(/^```(\w*)\n([\s\S]*?)^```$/gm)].map(({ index, 1: language = '', 2: body = '' }) => ({
    page,
    line: text.slice(0, index).split('\n').length,
    language,
    text: body,
  }))
})

/** The anchors that GitHub gives to the headings of a page. */
export const anchorsOf = (page: string): readonly string[] =>
  [
    ...readFileSync(page, 'utf8')
      .replaceAll(/^```[\s\S]*?^```$/gm, '')
      .matchAll(/^#+ (.*)$/gm),
  ].map(([, text = '']) =>
    text
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N} _-]/gu, '')
      .replaceAll(' ', '-'),
  )

/** The cells of each row of the first table after a heading, without the header row. */
export const tableAfter = (page: string, heading: string): readonly (readonly string[])[] => {
  const [, section = ''] = readFileSync(page, 'utf8').split(`${heading}\n`)
  const [table = ''] = /^\|(?:.*\n)+?(?=$|[^|])/m.exec(section) ?? []
  const rows = table.trim().split('\n').slice(2)
  return rows.map((row) =>
    row
      .split('|')
      .slice(1, -1)
      .map((cell) => cell.trim()),
  )
}
