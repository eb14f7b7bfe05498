import { readFileSync } from 'node:fs'
import { blocks } from '../docs/pages.ts'

const PAGE = 'docs/container.md'

/** The configuration on the page. */
export const PAGE_YAML = blocks.find(({ page, language }) => page === PAGE && language === 'yaml')?.text ?? ''

/** The `docker run` lines of the page: the options before the image, and the command after it. */
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

/** The options that tests replace: they run in the foreground, under another name, on another network. */
const REPLACED = new Set(['--detach', '--rm', '--name', '--restart', '--publish'])
const WITHOUT_VALUE = new Set(['--detach', '--rm'])

const withoutReplaced = (options: readonly string[]): readonly string[] =>
  options.filter((word, index) => {
    const before = options[index - 1] ?? ''
    return !REPLACED.has(word) && !(REPLACED.has(before) && !WITHOUT_VALUE.has(before))
  })

/**
 * Returns the page's line for a command (an empty one is the daemon) as arguments of `podman run`, with the given folder,
 * volume and image, and with more options in front. Throws if the page has no such line.
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
  const options = withoutReplaced(line.options).map((word) =>
    word.replace(/^\$PWD\/config:/, `${given.folder}:`).replace(/^curfew:/, `${given.volume}:`),
  )
  return [...given.options, ...options, given.image, ...line.command]
}
