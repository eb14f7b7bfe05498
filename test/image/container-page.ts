import { readFileSync } from 'node:fs'
import { blocks } from '../docs/pages.ts'

const PAGE = 'docs/container.md'

/** The configuration that the page shows. */
export const PAGE_YAML = blocks.find(({ page, language }) => page === PAGE && language === 'yaml')?.text ?? ''

/** The `docker run` lines of the page: what stands between the two words and the image, and the command after it. */
const RUN_LINES = [
  ...readFileSync(PAGE, 'utf8')
    .replaceAll('\\\n', ' ')
    .matchAll(/^\$ docker run (.*) curfew(?: (.*))?$/gm),
].map(([, options = '', command = '']) => ({ options: words(options), command: words(command) }))

function words(text: string): readonly string[] {
  return text
    .replaceAll('"', '')
    .split(/\s+/)
    .filter((word) => word !== '')
}

/** What tests do their own way: in the foreground, under a name of their own, on another network. */
const LEFT_OUT = new Set(['--detach', '--rm', '--name', '--restart', '--publish'])
const TAKES_NOTHING = new Set(['--detach', '--rm'])

const withoutLeftOut = (options: readonly string[]): readonly string[] =>
  options.filter((word, index) => {
    const before = options[index - 1] ?? ''
    return !LEFT_OUT.has(word) && !(LEFT_OUT.has(before) && !TAKES_NOTHING.has(before))
  })

/**
 * The page's line that runs a command (the daemon's, without one), as arguments of `podman run`: with the folder, the
 * volume and the image given, and more options in front.
 */
export const pageLine = (
  command: string,
  given: {
    readonly folder: string
    readonly volume: string
    readonly image: string
    readonly options: readonly string[]
  },
): readonly string[] => {
  const line = RUN_LINES.find((one) => (one.command[0] ?? '') === command)
  if (line === undefined) throw new Error(`${PAGE} shows no "docker run … curfew ${command}"`)
  const options = withoutLeftOut(line.options).map((word) =>
    word.replace(/^\$PWD\/config:/, `${given.folder}:`).replace(/^curfew:/, `${given.volume}:`),
  )
  return [...given.options, ...options, given.image, ...line.command]
}
